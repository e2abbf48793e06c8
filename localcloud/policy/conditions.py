"""Condition operators of access policies.

Operators by the RAM page "Conditional operators" and the OSS page "Authorization syntax and elements". Several
operators and keys must all hold; of several values of one key one is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt

from localcloud.policy.wildcard import matches

#: What a request offers to conditions: values by lower-case key. A key without an entry is absent.
Keys = Mapping[str, tuple[str, ...]]
Test = Callable[[str, str], bool]

_IF_EXISTS = "IfExists"
_FOR_ALL = "ForAllValues:"
_FOR_ANY = "ForAnyValue:"


@dataclass(frozen=True)
class Condition:
    """One key under one operator.

    :param operator: operator name as written, known to :func:`is_operator`.
    :param key: condition key in lower case, for example ``acs:sourceip``.
    :param values: accepted values; one is enough.
    """

    operator: str
    key: str
    values: tuple[str, ...]


def _compare_numbers(relation: Callable[[float, float], bool]) -> Test:
    return lambda actual, wanted: relation(float(actual), float(wanted))


def _compare_dates(relation: Callable[[datetime, datetime], bool]) -> Test:
    return lambda actual, wanted: relation(_date(actual), _date(wanted))


def _date(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _same_text(actual: str, wanted: str) -> bool:
    return actual == wanted


def _same_folded(actual: str, wanted: str) -> bool:
    return actual.casefold() == wanted.casefold()


def _like(actual: str, wanted: str) -> bool:
    return matches(wanted, actual)


def _in_network(actual: str, wanted: str) -> bool:
    return ip_address(actual) in ip_network(wanted, strict=False)


_POSITIVE: dict[str, Test] = {
    "StringEquals": _same_text,
    "StringEqualsIgnoreCase": _same_folded,
    "StringLike": _like,
    "NumericEquals": _compare_numbers(eq),
    "NumericLessThan": _compare_numbers(lt),
    "NumericLessThanEquals": _compare_numbers(le),
    "NumericGreaterThan": _compare_numbers(gt),
    "NumericGreaterThanEquals": _compare_numbers(ge),
    "DateEquals": _compare_dates(eq),
    "DateLessThan": _compare_dates(lt),
    "DateLessThanEquals": _compare_dates(le),
    "DateGreaterThan": _compare_dates(gt),
    "DateGreaterThanEquals": _compare_dates(ge),
    "Bool": _same_folded,
    "IpAddress": _in_network,
    # Named in the OSS documentation without saying how it differs; taken as the plain operator.
    "IpAddressIncludeBorder": _in_network,
}
#: Negated operators and what they negate.
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def _base_name(operator: str) -> str:
    return operator.removeprefix(_FOR_ALL).removeprefix(_FOR_ANY).removesuffix(_IF_EXISTS)


def is_operator(name: str) -> bool:
    """Return whether a name is a condition operator, with or without set prefix and ``IfExists``."""
    return _base_name(name) in _POSITIVE.keys() | _NEGATED.keys()


def holds(condition: Condition, keys: Keys) -> bool:
    """Return whether one condition holds for a request.

    A negated operator also holds when the request has no such key: the vendor's examples that deny everything outside
    a VPC with ``StringNotEquals`` rely on it, since a request from the internet has no VPC.
    """
    operator = condition.operator
    name = _base_name(operator)
    actual = keys.get(condition.key)
    if actual is None:
        return name in _NEGATED or operator.endswith(_IF_EXISTS) or operator.startswith(_FOR_ALL)
    quantifier = all if operator.startswith(_FOR_ALL) else any
    return quantifier(_value_holds(name, value, condition.values) for value in actual)


def _value_holds(name: str, actual: str, wanted: tuple[str, ...]) -> bool:
    test = _POSITIVE[_NEGATED.get(name, name)]
    return any(_safely(test, actual, value) for value in wanted) is not (name in _NEGATED)


def _safely(test: Test, actual: str, wanted: str) -> bool:
    """Treat a value that is no number, date or address as one that does not match."""
    try:
        return test(actual, wanted)
    except ValueError:
        return False
