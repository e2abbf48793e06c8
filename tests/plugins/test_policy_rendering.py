"""Policy templates: strict, quoted, and what the product's own ones grant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr import policy
from oss_crr.errors import PermanentError, TemplateError

DESTINATION = {
    "source_uid": "111",
    "role_name": "oss-crr-x",
    "destination_uid": "222",
    "destination_bucket": "dst",
    "with_deletes": False,
}


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of templates that takes the place of the product's."""
    monkeypatch.setenv(policy.TEMPLATE_DIR_VARIABLE, str(tmp_path))
    return tmp_path


def statement(**elements: Any) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", **elements}]})


# --- the product's documents -----------------------------------------------------------------------------------------


def test_trust_policy_trusts_oss_alone() -> None:
    assert policy.render("trust_policy") == {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}},
        ],
    }


def test_source_grant_reads_one_bucket() -> None:
    assert policy.render("source_grant", source_bucket="src") == {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["oss:ReplicateList", "oss:ReplicateGet"],
                "Resource": ["acs:oss:*:*:src", "acs:oss:*:*:src/*"],
            }
        ],
    }


@pytest.mark.parametrize("with_deletes", [False, True])
def test_destination_grant_writes_to_one_bucket(with_deletes: bool) -> None:
    rendered = policy.render("destination_grant", **{**DESTINATION, "with_deletes": with_deletes})
    writing = ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"]
    assert rendered == {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [*writing, "oss:ReplicateDelete"] if with_deletes else writing,
                "Principal": ["arn:sts::111:assumed-role/oss-crr-x/*"],
                "Resource": ["acs:oss:*:222:dst", "acs:oss:*:222:dst/*"],
            }
        ],
    }


def test_destination_grant_names_the_role_in_lower_case() -> None:
    grant = policy.render_grant("destination_grant", **{**DESTINATION, "role_name": "Shared-ROLE"})
    assert grant["Principal"] == ["arn:sts::111:assumed-role/shared-role/*"]


# --- strictness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", DESTINATION)
def test_missing_value_names_template_and_value(missing: str) -> None:
    values = {key: value for key, value in DESTINATION.items() if key != missing}
    with pytest.raises(TemplateError, match=r"policy template destination_grant\.json\.j2 in .*: ") as caught:
        policy.render("destination_grant", **values)
    assert f"'{missing}' is undefined" in str(caught.value)


def test_missing_template_names_file_and_folder(templates: Path) -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.json\.j2 is not in .*: copy the folder") as caught:
        policy.render("nowhere")
    assert str(templates) in str(caught.value)
    assert isinstance(caught.value, PermanentError)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ a ", "unexpected end of template"),
        ("{{ 1 | no_such_filter }}", "No filter named 'no_such_filter'"),
        ("{}", "has no list of statements"),
        ("[]", "not a JSON object"),
        ('{"Statement": [1]}', "has no list of statements"),
        ('{"Statement": "x"}', "has no list of statements"),
        ('{"Version": "1",}', "not JSON"),
        ("", "not JSON"),
    ],
)
def test_broken_template_names_file_and_problem(templates: Path, text: str, problem: str) -> None:
    (templates / "broken.json.j2").write_text(text)
    with pytest.raises(TemplateError, match=r"policy template broken\.json\.j2") as caught:
        policy.render("broken")
    assert problem in str(caught.value)


@pytest.mark.parametrize("count", [0, 2])
def test_grant_template_holds_one_statement(templates: Path, count: int) -> None:
    (templates / "many.json.j2").write_text(json.dumps({"Statement": [{"Effect": "Allow"}] * count}))
    with pytest.raises(TemplateError, match=rf"many\.json\.j2 must hold one statement, holds {count}"):
        policy.render_grant("many")


def test_templates_of_another_folder_are_used(templates: Path) -> None:
    (templates / "trust_policy.json.j2").write_text(statement(Action="sts:Other"))
    assert policy.render("trust_policy")["Statement"][0]["Action"] == "sts:Other"


def test_edited_template_is_read_again(templates: Path) -> None:
    path = templates / "edited.json.j2"
    path.write_text(statement(Action="oss:GetObject"))
    policy.render("edited")
    path.write_text(statement(Action="oss:ListObjects", Sid="longer than before"))
    assert policy.render("edited")["Statement"][0]["Action"] == "oss:ListObjects"


# --- quoting ---------------------------------------------------------------------------------------------------------

HOSTILE = [
    'a"b',
    "a\\b",
    "a\nb\tc",
    "</script><b>&amp;'",
    "日本語 🪣",
    "{{ 7 * 7 }}{% endif %}",
    '"], "Principal": ["*',
    "\u2028\x00\x7f",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_value_stays_a_value(value: str) -> None:
    """It must not become a second principal, another template, or an HTML entity."""
    grant = policy.render_grant("source_grant", source_bucket=value)
    assert grant["Resource"] == [f"acs:oss:*:*:{value}", f"acs:oss:*:*:{value}/*"]
    assert set(grant) == {"Effect", "Action", "Resource"}


@given(st.text(), st.text(), st.text())
def test_any_text_is_quoted(role: str, uid: str, bucket: str) -> None:
    grant = policy.render_grant(
        "destination_grant",
        source_uid=uid,
        role_name=role,
        destination_uid=uid,
        destination_bucket=bucket,
        with_deletes=True,
    )
    assert grant["Principal"] == [f"arn:sts::{uid}:assumed-role/{role.lower()}/*"]
    assert grant["Resource"] == [f"acs:oss:*:{uid}:{bucket}", f"acs:oss:*:{uid}:{bucket}/*"]
