"""A teardown's plan for people: as text for logs, and as Markdown for the approval. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from oss_crr.resources.base import json_diff

#: Outcomes of the plan as JSON data.
PlanOutcomes = Sequence[Mapping[str, Any]]


def plan_text(outcomes: PlanOutcomes) -> str:
    """Return the plan as text."""
    return "\n".join(line for outcome in outcomes for line in _text(outcome))


def plan_markdown(outcomes: PlanOutcomes) -> str:
    """Return the plan as Markdown, with what changes in each document."""
    return "\n\n".join(section for outcome in outcomes for section in _sections(outcome))


def collected(plan: Mapping[str, Mapping[str, Any]], kind: str) -> list[str]:
    """Return the sentences of one kind of all parts of a plan: ``kept`` or ``by_hand``."""
    return list(dict.fromkeys(text for judged in plan.values() for text in judged[kind]))


def changes(plan: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what would be taken back, of all parts."""
    return [change for judged in plan.values() for change in judged["changes"]]


def _text(outcome: Mapping[str, Any]) -> Iterator[str]:
    if outcome["error"]:
        yield f"{outcome['pair']}: {outcome['error']['message']}"
        return
    plan = outcome["details"]["plan"]
    yield f"{outcome['pair']}: {outcome['result']}"
    for change in changes(plan):
        yield f"  would {change['kind']:8} {change['summary']}"
        yield from (f"    {line}" for line in json_diff(change["before"], change["after"]).splitlines())
    yield from (f"  stays: {text}" for text in collected(plan, "kept"))
    yield from (f"  by hand: {text}" for text in collected(plan, "by_hand"))


def _sections(outcome: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {outcome['pair']}"
    if outcome["error"]:
        yield f"Left out: {outcome['error']['message']}"
        return
    plan = outcome["details"]["plan"]
    yield from _list("Is taken back, in this order", (_item(change) for change in changes(plan)))
    yield from _list("Stays", collected(plan, "kept"))
    yield from _list("Is left to do by hand", collected(plan, "by_hand"))


def _item(change: Mapping[str, Any]) -> str:
    diff = json_diff(change["before"], change["after"]) if change["after"] is not None else ""
    indented = "\n".join(f"  {line}" for line in diff.splitlines())
    return f"{change['summary']}\n\n  ```diff\n{indented}\n  ```" if diff else str(change["summary"])


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    listed = [f"- {item}" for item in items]
    if listed:
        yield "\n".join([f"**{title}**", "", *listed])
