"""A local Alibaba Cloud: OSS, RAM and STS over their real wire protocols.

Nothing in here is shared with the package under ``plugins/``: both are independent readings of the vendor's
documentation, so that each checks the other.
"""
