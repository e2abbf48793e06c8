"""KMS instances of an account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class KmsInstance:
    """A KMS instance, in which keys with a key policy live.

    :param status: ``Uninitialized``, ``Connecting``, ``Connected`` or ``Disconnected`` (GetKmsInstance).
    :param access_management_quantity: how many foreign accounts its keys may be shared with, itself included.
    """

    id: str
    region: str
    status: str = "Connected"
    access_management_quantity: int = 5
