"""The steps of a teardown, run without Airflow as its tasks run them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oss_crr.concurrency import Look, Timing
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.plan import Planned, plan_teardown
from oss_crr.teardown.registry import PARTS
from oss_crr.teardown.removal import Removal
from tests.integration.world import World

#: Steps in the pipeline's order, as (task, part).
STEPS = (
    ("stop_rule", "rule"),
    ("restore_acceleration", "acceleration"),
    ("remove_destination_grant", "destination_grant"),
    ("remove_kms_key_grant", "kms_key_grant"),
    ("remove_kms_role_grant", "kms_role_grant"),
    ("remove_source_grant", "source_grant"),
    ("remove_role", "role"),
)
IMPATIENT = Timing(sleep=lambda _: None)


@dataclass
class Torn:
    """A teardown that was run.

    :param planned: what its plan said, by pair.
    :param outcomes: what each step did, by step and pair.
    """

    planned: dict[str, Planned]
    outcomes: dict[str, dict[str, Outcome]] = field(default_factory=dict)

    def errors(self) -> list[str]:
        """Return why steps failed."""
        found = [outcome for step in self.outcomes.values() for outcome in step.values()]
        planned = [f"plan: {item.error}" for item in self.planned.values() if item.error]
        return planned + [f"{outcome.step}: {outcome.error['message']}" for outcome in found if outcome.error]

    def texts(self, kind: str) -> list[str]:
        """Return what stayed: ``kept``, or ``by_hand``."""
        found = [outcome for step in self.outcomes.values() for outcome in step.values()]
        later = [text for outcome in found for text in outcome.details.get(kind, ())]
        judged = [judgement for item in self.planned.values() for judgement in (item.judgements or {}).values()]
        return [*(text for judgement in judged for text in getattr(judgement, kind)), *later]


def plan(world: World, *pairs: BucketPair, remove_adopted: bool = False) -> dict[str, Planned]:
    """Plan the teardown of pairs."""
    found = plan_teardown(world.accounts, pairs, remove_adopted=remove_adopted)
    # Claims travel between tasks as JSON data.
    for item in found:
        assert item.claim is None or Claim.from_dict(item.claim.to_dict()) == item.claim
    return {item.pair.name: item for item in found}


def tear_down(world: World, *pairs: BucketPair, remove_adopted: bool = False, timing: Timing = IMPATIENT) -> Torn:
    """Plan and run the teardown of pairs, as one run does."""
    return carry_out(world, plan(world, *pairs, remove_adopted=remove_adopted), timing)


def carry_out(world: World, planned: Mapping[str, Planned], timing: Timing = IMPATIENT) -> Torn:
    """Run the steps of a plan; a pair that fails drops out, and only what the plan names is taken back."""
    torn = Torn(dict(planned))
    claims = [item.claim for item in planned.values() if item.claim and not item.error]
    for step, part in STEPS:
        if step == "remove_role":
            claims = _look_again(world, torn, claims, timing)
        concerned = [claim for claim in claims if (judged := planned[claim.name].of(part)) and judged.changes]
        removal = Removal(PARTS[part], world.accounts, step, claims, timing)
        outcomes = _run(world, removal, concerned)
        torn.outcomes[step] = {outcome.pair: outcome for outcome in outcomes}
        failed = {outcome.pair for outcome in outcomes if outcome.error}
        claims = [claim for claim in claims if claim.name not in failed]
    return torn


def _look_again(world: World, torn: Torn, claims: Sequence[Claim], timing: Timing) -> list[Claim]:
    """Look again at what others write, too; return the claims that go on."""
    failed: set[str] = set()
    for step, part in STEPS:
        seen = looks(list(torn.outcomes.get(step, {}).values()))
        concerned = [claim for claim in claims if claim.name in seen]
        removal = Removal(PARTS[part], world.accounts, "look_again", claims, timing)
        outcomes = removal.look_again(concerned, seen)
        torn.outcomes[f"look_again {part}"] = {outcome.pair: outcome for outcome in outcomes}
        failed |= {outcome.pair for outcome in outcomes if outcome.error}
    return [claim for claim in claims if claim.name not in failed]


def _run(world: World, removal: Removal, claims: Sequence[Claim]) -> list[Outcome]:
    """Run a step, until rules that are closing are gone."""
    deadline = time.monotonic() + 20.0
    outcomes = removal.run(claims)
    while time.monotonic() < deadline and any(
        outcome.error and outcome.error["type"] == "RuleClosing" for outcome in outcomes
    ):
        world.control("POST", "clock", json={"advance_seconds": 1})
        if not world.server.runtime.engine.has_work():
            world.server.runtime.engine.tick(max_seconds=1.0)
        outcomes = removal.run(claims)
    return outcomes


def looks(outcomes: Sequence[Outcome]) -> dict[str, Look]:
    """Return when documents were seen last, by pair."""
    found = {outcome.pair: Look.in_details(outcome.details) for outcome in outcomes}
    return {name: look for name, look in found.items() if look}


def meaning(state: Any) -> Any:
    """Return a cloud's state without what replication itself changes, and without differences of spelling.

    Left out are objects, version numbers of policies, and that acceleration was switched off rather than never set.
    Lists are ordered, because the order of statements and of principals has no meaning.
    """
    if isinstance(state, dict):
        kept = {key: meaning(value) for key, value in state.items() if key not in _OF_NO_MEANING}
        return kept | ({"acceleration": bool(state["acceleration"])} if "acceleration" in state else {})
    if isinstance(state, list):
        return sorted((meaning(item) for item in state), key=repr)
    return state


_OF_NO_MEANING = frozenset({"objects", "bytes", "versions", "default_version"})
