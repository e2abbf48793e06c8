"""Wildcards of policy elements: ``*`` for any run of characters, ``?`` for one."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=8192)
def _compiled(pattern: str, question_mark: bool, ignore_case: bool) -> re.Pattern[str]:
    """Translate a pattern; atomic groups keep a pattern of many stars from being tried in every combination."""
    head, *rest = (_literal(part, question_mark) for part in pattern.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    tail = f".*{rest[-1]}" if rest else ""
    return re.compile(head + middle + tail, re.DOTALL | (re.IGNORECASE if ignore_case else re.NOFLAG))


def _literal(part: str, question_mark: bool) -> str:
    escaped = re.escape(part)
    return escaped.replace(r"\?", ".") if question_mark else escaped


def matches(pattern: str, value: str, *, question_mark: bool = True, ignore_case: bool = False) -> bool:
    """Return whether a whole value matches a pattern.

    :param question_mark: whether ``?`` stands for one character; otherwise it stands for itself.
    :param ignore_case: compare without regard to case.
    """
    return pattern == "*" or _compiled(pattern, question_mark, ignore_case).fullmatch(value) is not None


def resource_matches(pattern: str, resource: str, *, question_mark: bool = True) -> bool:
    """Return whether a resource name (``acs:service:region:account:relative``) matches a pattern.

    A pattern with all five segments is compared segment by segment, so that a wildcard for the region never reaches
    into the resource's own name; a shorter one is compared as a whole.
    """
    wanted, actual = pattern.split(":", 4), resource.split(":", 4)
    if len(wanted) != len(actual):
        return matches(pattern, resource, question_mark=question_mark)
    return all(matches(w, a, question_mark=question_mark) for w, a in zip(wanted, actual, strict=True))
