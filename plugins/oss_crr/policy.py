"""Render, compare, merge and subtract policy documents. Pure functions: no Airflow, no SDK, no network.

A *document* is a parsed policy: ``{"Version": "1", "Statement": [...]}``. A *grant* is one statement that this product
wants to be in a document. Documents that belong to someone else keep every foreign statement as it was: functions here
return a new document and never touch a statement that is not one of ours in meaning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2 import TemplateError as JinjaError

from oss_crr.errors import PolicyError, TemplateError

Statement = dict[str, Any]
Document = dict[str, Any]

#: Bucket policies stay under 16 KB, and each element at or under 4,095 bytes (EC 0030-00000001 and 0030-00000003).
BUCKET_POLICY_BYTES = 16 * 1024 - 1
BUCKET_POLICY_ELEMENT_BYTES = 4095
#: RAM's limit for a policy document (RAM page "Limits", 16 December 2025).
RAM_POLICY_CHARACTERS = 6144
#: KMS's limit for a key policy (SetKeyPolicy).
KEY_POLICY_BYTES = 32768

#: Where the templates are, when not in ``include/policies`` beside the ``plugins`` folder.
TEMPLATE_DIR_VARIABLE = "OSS_CRR_POLICY_DIR"


# --- rendering -------------------------------------------------------------------------------------------------------


def template_dir() -> Path:
    """Return the folder of the policy templates."""
    override = os.environ.get(TEMPLATE_DIR_VARIABLE)
    return Path(override) if override else Path(__file__).resolve().parents[2] / "include" / "policies"


def render(template: str, **values: object) -> Document:
    """Render a policy template strictly and parse the result.

    :param template: file name without ``.json.j2``.
    :param values: what the template needs; a missing one is an error. Templates quote with ``tojson``.
    :returns: the document.
    :raises TemplateError: when the template is missing, lacks a value, or does not give a policy document.
    """
    name = f"{template}.json.j2"
    try:
        text = _environment(str(template_dir())).get_template(name).render(**values)
    except TemplateNotFound as error:
        raise TemplateError(
            f"policy template {name} is not in {template_dir()}: copy the folder include/policies there, or set the "
            f"environment variable {TEMPLATE_DIR_VARIABLE} to where it is"
        ) from error
    except JinjaError as error:
        raise TemplateError(f"policy template {name} in {template_dir()}: {error or type(error).__name__}") from error
    try:
        return parse(text)
    except PolicyError as error:
        raise TemplateError(f"policy template {name} does not render to a policy document: {error}") from error


@lru_cache(maxsize=8)
def _environment(folder: str) -> Environment:
    # Policy documents are JSON, not HTML: quoting is done by `tojson`, which autoescaping would break.
    return Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def render_grant(template: str, **values: object) -> Statement:
    """Render a template that holds exactly one statement, and return the statement.

    :raises TemplateError: as :func:`render`, and when there is not exactly one statement.
    """
    statements = render(template, **values)["Statement"]
    if len(statements) != 1:
        raise TemplateError(f"policy template {template}.json.j2 must hold one statement, holds {len(statements)}")
    grant: Statement = statements[0]
    return grant


# --- text and documents ----------------------------------------------------------------------------------------------


def parse(text: str) -> Document:
    """Parse policy text.

    :raises PolicyError: when it is not a JSON object with a list of statements.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PolicyError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise PolicyError("not a JSON object")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        document["Statement"] = [statements]
    elif not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        raise PolicyError("has no list of statements")
    return document


def dump(document: Document) -> str:
    """Return a document as compact JSON text, the form that is written and measured."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def check_bucket_policy_size(document: Document) -> None:
    """Check a bucket policy against OSS's limits.

    :raises PolicyError: naming the limit and the size.
    """
    size = len(dump(document).encode())
    if size > BUCKET_POLICY_BYTES:
        raise PolicyError(f"{size:,} bytes, and OSS takes less than {BUCKET_POLICY_BYTES + 1:,}")
    for index, statement in enumerate(document["Statement"]):
        for element, value in statement.items():
            if _element_bytes(value) > BUCKET_POLICY_ELEMENT_BYTES:
                raise PolicyError(
                    f"{element} of statement {index + 1} has {_element_bytes(value):,} bytes, "
                    f"and OSS takes {BUCKET_POLICY_ELEMENT_BYTES:,}"
                )


def check_ram_policy_size(document: Document) -> None:
    """Check a RAM policy against RAM's limit.

    :raises PolicyError: naming the limit and the size.
    """
    size = len(dump(document))
    if size > RAM_POLICY_CHARACTERS:
        raise PolicyError(f"{size:,} characters, and RAM takes {RAM_POLICY_CHARACTERS:,}")


def check_key_policy_size(document: Document) -> None:
    """Check a key policy against KMS's limit.

    :raises PolicyError: naming the limit and the size.
    """
    size = len(dump(document).encode())
    if size > KEY_POLICY_BYTES:
        raise PolicyError(f"{size:,} bytes, and KMS takes {KEY_POLICY_BYTES:,}")


def _element_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


# --- meaning ---------------------------------------------------------------------------------------------------------


def as_list(value: object) -> list[Any]:
    """Return a policy element as a list: a single value may be written without brackets."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def meaning(statement: Statement) -> str:
    """Return a text that is equal for statements of equal meaning.

    Order of lists, a string instead of a list of one, and the case of actions make no difference; a Sid is a comment.
    """
    parts = {key: _element_meaning(key, value) for key, value in statement.items() if key != "Sid"}
    return json.dumps({key: value for key, value in parts.items() if value not in ({}, None)}, sort_keys=True)


def _element_meaning(element: str, value: object) -> object:
    if element == "Effect":
        return value
    if element in ("Action", "NotAction"):
        return sorted({str(item).lower() for item in as_list(value)})
    if isinstance(value, Mapping):
        return {key: _element_meaning(key, item) for key, item in value.items()}
    return sorted({json.dumps(item, sort_keys=True) for item in as_list(value)})


def same_meaning(left: Document, right: Document) -> bool:
    """Tell whether two documents hold statements of the same meaning, in whatever order."""
    return sorted(map(meaning, left["Statement"])) == sorted(map(meaning, right["Statement"]))


# --- grants in shared documents --------------------------------------------------------------------------------------
#
# A grant is folded into a statement that differs from it in one list only (the *fold* element: Principal in a bucket
# policy, Resource in a RAM policy), because a document is limited in size. Whose statement that is does not matter:
# adding our own value to its list changes nothing for the values that are there.


def covers(statement: Statement, grant: Statement, fold: str) -> bool:
    """Tell whether a statement contains a grant: equal but for the fold element, which holds all the grant's values."""
    return _equal_but(statement, grant, fold) and _value_keys(grant, fold) <= _value_keys(statement, fold)


def holds(document: Document | None, grant: Statement, fold: str) -> bool:
    """Tell whether a document contains a grant."""
    return any(covers(statement, grant, fold) for statement in (document or {"Statement": []})["Statement"])


def merge(
    document: Document | None,
    grant: Statement,
    fold: str,
    may_fold: Callable[[Statement], bool] = lambda statement: True,
    max_element_bytes: int | None = None,
) -> Document:
    """Return the document with the grant in it; unchanged when it is there already.

    :param document: what is there; None for nothing.
    :param grant: the statement to add.
    :param fold: the element in which statements with the same rights are folded.
    :param may_fold: tells whether a statement may be extended; the grant is appended as its own statement otherwise.
    :param max_element_bytes: largest size of the folded element.
    """
    base = document or {"Version": "1", "Statement": []}
    if holds(base, grant, fold):
        return base
    statements = list(base["Statement"])
    for index, statement in enumerate(statements):
        if _equal_but(statement, grant, fold) and may_fold(statement):
            folded = _with_values(statement, fold, [*values(statement, fold), *_missing(statement, grant, fold)])
            if max_element_bytes is None or _element_bytes(folded[fold]) <= max_element_bytes:
                statements[index] = folded
                return {**base, "Statement": statements}
    return {**base, "Statement": [*statements, grant]}


def subtract(document: Document, grant: Statement, fold: str) -> Document | None:
    """Return the document without the grant; None when nothing is left in it.

    Statements that differ from the grant in more than the fold element stay as they are.
    """
    statements = [left for statement in document["Statement"] if (left := _without(statement, grant, fold)) is not None]
    return {**document, "Statement": statements} if statements else None


def subtract_all(document: Document | None, grants: Iterable[Statement], fold: str) -> Document | None:
    """Return the document without any of the grants, see :func:`subtract`; None when nothing is left, or was there."""
    for grant in grants:
        document = subtract(document, grant, fold) if document else None
    return document


def _without(statement: Statement, grant: Statement, fold: str) -> Statement | None:
    if not _equal_but(statement, grant, fold):
        return statement
    unwanted = _value_keys(grant, fold)
    kept = [value for value in values(statement, fold) if _value_key(value) not in unwanted]
    if len(kept) == len(values(statement, fold)):
        return statement
    return _with_values(statement, fold, kept) if kept else None


def _equal_but(statement: Statement, grant: Statement, fold: str) -> bool:
    # An empty list of principals means everybody (vendor page "Authorization syntax and elements"): not folded into.
    if not values(statement, fold) or _wrapper(statement, fold) != _wrapper(grant, fold):
        return False
    return _meaning_without(statement, fold) == _meaning_without(grant, fold)


def _meaning_without(statement: Statement, element: str) -> str:
    return meaning({key: value for key, value in statement.items() if key != element})


def values(statement: Statement, element: str) -> list[Any]:
    """Return the values of an element, also where they are wrapped as in ``{"RAM": [...]}``; empty without them."""
    wrapper = _wrapper(statement, element)
    content = statement.get(element)
    if isinstance(content, Mapping):
        return as_list(content[wrapper[0]]) if len(wrapper) == 1 else []
    return as_list(content)


def _wrapper(statement: Statement, element: str) -> tuple[str, ...]:
    """Return the keys that an element's values are wrapped in; none for a plain list."""
    content = statement.get(element)
    return tuple(sorted(content)) if isinstance(content, Mapping) else ()


def _value_keys(statement: Statement, element: str) -> set[str]:
    return {_value_key(value) for value in values(statement, element)}


def _value_key(value: object) -> str:
    # Nearly all values are text, of which a document holds hundreds: a quote tells it from other values' JSON.
    return f'"{value}' if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _missing(statement: Statement, grant: Statement, fold: str) -> list[Any]:
    present = _value_keys(statement, fold)
    return [value for value in values(grant, fold) if _value_key(value) not in present]


def _with_values(statement: Statement, element: str, new: list[Any]) -> Statement:
    wrapper = _wrapper(statement, element)
    content = {wrapper[0]: new} if wrapper else new
    return {key: content if key == element else value for key, value in statement.items()}
