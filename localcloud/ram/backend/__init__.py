"""What RAM does, free of any wire format.

Functions take the :class:`~localcloud.ram.backend.account.RamAccount` they work on and raise the service's errors.
"""
