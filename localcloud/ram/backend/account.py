"""The account that a RAM call works on."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.propagation import Propagating, T
from localcloud.ram.model import RamState

_ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True)
class RamAccount:
    """One account's RAM at one moment.

    :param uid: the account's UID.
    :param delay: seconds until a change takes effect.
    :param lower_case_arn: whether role ARNs carry the name in lower case.
    """

    uid: str
    state: RamState
    now: datetime
    delay: float = 0.0
    lower_case_arn: bool = False

    @classmethod
    def of(cls, cloud: Cloud, uid: str) -> RamAccount:
        """Open the RAM of an account that exists."""
        behaviour = cloud.behaviour
        return cls(
            uid,
            cloud.accounts[uid].ram,
            cloud.clock.now(),
            behaviour.policy_propagation_seconds,
            behaviour.lower_case_role_arn,
        )

    def change(self, value: Propagating[T], new: T) -> None:
        """Write a value that takes effect after the propagation delay."""
        value.set(new, self.now, self.delay)


def new_id(prefix: str) -> str:
    """Make an 18-digit id as users and roles have; users' begin with 2, roles' with 3."""
    return prefix + "".join(secrets.choice(string.digits) for _ in range(17))


def random_text(length: int) -> str:
    """Make a random text of letters and digits, for keys and their secrets."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(length))
