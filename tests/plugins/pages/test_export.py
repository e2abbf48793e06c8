"""Reports as CSV."""

from __future__ import annotations

import csv
import io

import pytest

from oss_crr.pages.export import to_csv
from oss_crr.pages.report import read_report
from tests.plugins.pages.samples import FLEET, VERIFICATION


def lines(value: object) -> list[dict[str, str]]:
    report = read_report(value)
    assert report is not None
    return list(csv.DictReader(io.StringIO(to_csv(report), newline="")))


def test_fleet_has_a_line_per_pair_with_plain_numbers() -> None:
    logs, media, web = lines(FLEET)

    assert (logs["pair"], logs["state"], logs["objects"], logs["bytes"]) == ("logs", "complete", "1200", "3145728")
    assert (media["failed_step"], media["rule_id"]) == ("grant_destination", "")
    assert (web["history"], web["lag_seconds"]) == ("0.999", "4000")


def test_verification_has_a_line_per_finding_and_one_for_a_healthy_pair() -> None:
    logs, media = lines(VERIFICATION)

    assert (logs["pair"], logs["health"], logs["findings"], logs["finding_part"]) == ("logs", "healthy", "0", "")
    assert (media["health"], media["findings"], media["finding_part"]) == ("broken", "1", "destination_grant")
    assert media["finding_expected"].startswith('{"Effect": "Allow"')


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin: str) -> None:
    (line,) = lines([{"pair": f"{begin}cmd|' /C calc'!A0", "state": "failed", "cause": f"{begin}1+1", "objects": -5}])

    assert line["pair"].startswith(f"'{begin}")
    assert line["cause"].startswith(f"'{begin}")
    assert line["objects"] == "-5", "numbers stay numbers"


def test_separators_and_line_ends_survive() -> None:
    (line,) = lines([{"pair": 'a,"b"', "state": "failed", "cause": "one\ntwo; three"}])

    assert (line["pair"], line["cause"]) == ('a,"b"', "one\ntwo; three")
