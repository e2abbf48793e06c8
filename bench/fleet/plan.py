"""Which fleets are measured, and under which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.runs import BenchError


@dataclass(frozen=True, order=True)
class Scenario:
    """One fleet under one condition.

    :param latency_ms: added to each cloud call.
    :param quotas: whether the local cloud enforces the published quotas.
    """

    pairs: int
    latency_ms: int
    quotas: bool = False

    @property
    def condition(self) -> str:
        """The condition, for people."""
        return f"{self.latency_ms} ms" + (", quotas" if self.quotas else "")


def _scenarios(sizes: Mapping[int, tuple[int, ...]], quotas: tuple[int, ...]) -> tuple[Scenario, ...]:
    """Return scenarios by latency, the largest first: what is interrupted has measured what matters."""
    plain = [Scenario(pairs, latency) for latency, counts in sizes.items() for pairs in counts]
    return (*plain, *(Scenario(pairs, 100, quotas=True) for pairs in quotas))


@dataclass(frozen=True)
class FleetPlan:
    """The sizes of one benchmark.

    :param scenarios: what is run, in this order.
    :param one_by_one: most pairs that the sequential script is measured with; for more, its time is scaled.
    :param waiting: how many pairs wait at the same time while the triggerer is measured.
    :param verified: how many healthy pairs are verified.
    :param objects: objects of each bucket of the comparison whose memory is measured.
    """

    scenarios: tuple[Scenario, ...]
    one_by_one: int
    waiting: int
    verified: int
    objects: int

    @property
    def most_pairs(self) -> int:
        """The size of the inventory."""
        return max(self.waiting, self.verified, *(scenario.pairs for scenario in self.scenarios))


PLANS: dict[str, FleetPlan] = {
    # Some minutes.
    "short": FleetPlan(_scenarios({100: (50, 10, 1), 0: (10, 1)}, (50,)), 10, 50, 50, 50_000),
    # Half an hour.
    "medium": FleetPlan(_scenarios({100: (100, 10, 1), 50: (100, 10), 0: (100, 10, 1)}, (100,)), 10, 100, 100, 200_000),
    # About an hour.
    "full": FleetPlan(
        _scenarios({100: (1000, 100, 10, 1), 50: (100, 10, 1), 0: (100, 10, 1)}, (1000, 100)),
        20,
        1000,
        100,
        1_000_000,
    ),
}


def plan_of(size: str) -> FleetPlan:
    """Return the plan of a size.

    :raises BenchError: there is none.
    """
    if size not in PLANS:
        raise BenchError(f"SIZE={size}: choose one of {', '.join(PLANS)}")
    return PLANS[size]
