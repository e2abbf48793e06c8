"""Faults that tests inject into cloud calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Literal, cast

from localcloud.configuration.section import Section

When = Literal["before", "after"]


@dataclass(frozen=True)
class FaultTarget:
    """A call, as faults are matched with it.

    :param bucket: None for calls that address no bucket.
    """

    account: str
    product: str
    action: str
    bucket: str | None = None


@dataclass
class Fault:
    """One rule about what goes wrong.

    :param product: ``oss``, ``ram``, ``ims``, ``sts``, ``kms`` or ``*``.
    :param action: API name, or ``*``.
    :param account: UID, or None for any account.
    :param bucket: bucket name, or None for any call.
    :param status: HTTP status of the error that is answered; None answers as usual (a delay alone).
    :param delay_seconds: how long the call is held.
    :param cut: close the connection instead of answering.
    :param when: ``before`` the call is looked at, or ``after`` it took effect.
    :param times: how many calls it hits; None means every one until the fault is removed.
    :param skip: how many matching calls pass before it hits.
    """

    id: int
    product: str = "*"
    action: str = "*"
    account: str | None = None
    bucket: str | None = None
    status: int | None = None
    code: str = "InternalError"
    message: str = "Injected fault."
    delay_seconds: float = 0.0
    cut: bool = False
    when: When = "before"
    times: int | None = None
    skip: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    def matches(self, target: FaultTarget, when: When) -> bool:
        """Tell whether a call is one that this fault is about."""
        return (
            self.when == when
            and self.product in ("*", target.product)
            and self.action in ("*", target.action)
            and self.account in (None, target.account)
            and self.bucket in (None, target.bucket)
            and (self.times is None or self.hits < self.times)
        )


class FaultTable:
    """All faults, in the order they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = count(1)

    def add(self, value: object) -> Fault:
        """Add a fault described as in :class:`Fault`; without ``times`` it hits until it is removed.

        :raises ConfigError: for an unknown field or a value of the wrong kind.
        """
        fault = _read_fault(Section(value), next(self._ids))
        self._faults.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all of them."""
        self._faults = [fault for fault in self._faults if fault_id not in (None, fault.id)]

    def take(self, target: FaultTarget, when: When) -> Fault | None:
        """Return the first fault that hits a call, and note the hit; None when the call is left alone."""
        for fault in self._matching(target, when):
            if fault.skip > 0:
                fault.skip -= 1
            else:
                fault.hits += 1
                return fault
        return None

    def _matching(self, target: FaultTarget, when: When) -> Iterable[Fault]:
        return [fault for fault in self._faults if fault.matches(target, when)]

    def summary(self) -> list[dict[str, object]]:
        """Return all faults with their hits, for JSON."""
        return [asdict(fault) for fault in self._faults]


def _read_fault(section: Section, fault_id: int) -> Fault:
    headers = section.section("headers")
    fault = Fault(
        id=fault_id,
        product=section.text("product", "*").lower(),
        action=section.text("action", "*"),
        account=section.text("account", "") or None,
        bucket=section.text("bucket", "") or None,
        status=section.integer("status", 0) or None,
        code=section.text("code", "InternalError"),
        message=section.text("message", "Injected fault."),
        delay_seconds=section.number("delay_seconds", 0.0),
        cut=section.boolean("cut", False) is True,
        when=cast("When", section.choice("when", ("before", "after"), "before")),
        times=section.integer("times", 0) or None,
        skip=section.integer("skip", 0),
        headers=headers.texts() if headers else {},
    )
    section.finish()
    return fault
