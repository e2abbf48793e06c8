"""Condition operators."""

from __future__ import annotations

import pytest

from localcloud.policy.conditions import Condition, holds, is_operator

KEYS = {
    "oss:prefix": ("logs/2026",),
    "acs:sourceip": ("10.1.2.3",),
    "acs:securetransport": ("false",),
    "acs:currenttime": ("2026-11-22T12:00:00+00:00",),
    "oss:count": ("10",),
    "oss:names": ("a", "b"),
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "oss:prefix", ["logs/2026"], True),
        ("StringEquals", "oss:prefix", ["logs/*"], False),
        ("StringEquals", "oss:prefix", ["x", "logs/2026"], True),
        ("StringNotEquals", "oss:prefix", ["x", "logs/2026"], False),
        ("StringNotEquals", "oss:prefix", ["x", "y"], True),
        ("StringEqualsIgnoreCase", "oss:prefix", ["LOGS/2026"], True),
        ("StringNotEqualsIgnoreCase", "oss:prefix", ["LOGS/2026"], False),
        ("StringLike", "oss:prefix", ["logs/*"], True),
        ("StringLike", "oss:prefix", ["logs/202?"], True),
        ("StringNotLike", "oss:prefix", ["logs/*"], False),
        ("NumericEquals", "oss:count", ["10.0"], True),
        ("NumericNotEquals", "oss:count", ["10"], False),
        ("NumericLessThan", "oss:count", ["10"], False),
        ("NumericLessThanEquals", "oss:count", ["10"], True),
        ("NumericGreaterThan", "oss:count", ["9"], True),
        ("NumericGreaterThanEquals", "oss:count", ["11"], False),
        ("NumericEquals", "oss:prefix", ["10"], False),
        ("DateLessThan", "acs:currenttime", ["2026-11-22T12:00:01Z"], True),
        ("DateLessThanEquals", "acs:currenttime", ["2026-11-22T20:00:00+08:00"], True),
        ("DateGreaterThan", "acs:currenttime", ["2026-11-22T12:00:00Z"], False),
        ("DateGreaterThanEquals", "acs:currenttime", ["2026-11-22"], True),
        ("DateEquals", "acs:currenttime", ["2026-11-22T12:00:00Z"], True),
        ("DateNotEquals", "acs:currenttime", ["2026-11-22T12:00:00Z"], False),
        ("DateGreaterThan", "acs:currenttime", ["yesterday"], False),
        ("Bool", "acs:securetransport", ["false"], True),
        ("Bool", "acs:securetransport", ["True"], False),
        ("IpAddress", "acs:sourceip", ["10.1.0.0/16"], True),
        ("IpAddress", "acs:sourceip", ["10.1.2.3"], True),
        ("IpAddress", "acs:sourceip", ["10.1.2.4/16"], True),
        ("IpAddress", "acs:sourceip", ["not an address"], False),
        ("NotIpAddress", "acs:sourceip", ["10.1.0.0/16"], False),
        ("NotIpAddress", "acs:sourceip", ["192.168.0.0/24", "172.16.0.0/12"], True),
        ("ForAnyValue:StringEquals", "oss:names", ["a"], True),
        ("ForAllValues:StringEquals", "oss:names", ["a"], False),
        ("ForAllValues:StringEquals", "oss:names", ["a", "b", "c"], True),
    ],
)
def test_operator(operator: str, key: str, values: list[str], expected: bool) -> None:
    assert holds(Condition(operator, key, tuple(values)), KEYS) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("IpAddress", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("NotIpAddress", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
    ],
)
def test_absent_key(operator: str, expected: bool) -> None:
    assert holds(Condition(operator, "acs:sourcevpc", ("vpc-1",)), KEYS) is expected


@pytest.mark.parametrize("name", ["StringEquals", "BoolIfExists", "ForAllValues:StringLike", "NotIpAddress"])
def test_known_operator(name: str) -> None:
    assert is_operator(name)


@pytest.mark.parametrize("name", ["", "stringequals", "StringMatches", "IfExists", "ForAllValues:"])
def test_unknown_operator(name: str) -> None:
    assert not is_operator(name)
