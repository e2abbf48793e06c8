"""Every field of every part, changed behind the product's back, is reported, with the cause; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.server import LocalCloudServer
from tests.integration.drift_cases import CASES, TWO, Case
from tests.integration.drifting import SETTINGS, Hands, drift_config


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all cases; each begins anew in it."""
    with LocalCloudServer(drift_config()) as server:
        yield server


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_one_change(server: LocalCloudServer, case: Case) -> None:
    hands = Hands(server, SETTINGS[case.setting])
    assert hands.findings() == []
    case.change(hands)
    hands.world.reset_calls()
    found = hands.findings()
    assert {finding.key for finding in found} == case.findings, [finding.to_dict() for finding in found]
    assert any(case.cause in finding.cause for finding in found), [finding.cause for finding in found]
    assert hands.write_actions() == set()


@pytest.mark.parametrize("cases", TWO, ids=lambda cases: " + ".join(case.name for case in cases))
def test_two_changes(server: LocalCloudServer, cases: tuple[Case, Case]) -> None:
    first, second = cases
    hands = Hands(server, SETTINGS[first.setting])
    first.change(hands)
    second.change(hands)
    found = hands.findings()
    assert {finding.key for finding in found} == first.findings | second.findings, [item.to_dict() for item in found]
    for case in cases:
        assert any(case.cause in finding.cause for finding in found), [finding.cause for finding in found]
