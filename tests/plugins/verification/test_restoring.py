"""Documents after a repair: what belongs to others is as it was, to the letter."""

from __future__ import annotations

from typing import Any

from oss_crr import policy
from oss_crr.pair import ResolvedPair, parse_pair
from oss_crr.verification.model import Finding
from oss_crr.verification.restoring import cleaned, restored, restored_trust
from oss_crr.verification.rights import as_statements, surplus
from oss_crr.verification.shared_policies import RoleInPolicy

PAIR = ResolvedPair(
    parse_pair(
        {
            "source_bucket": "src",
            "source_region": "cn-hangzhou",
            "destination_bucket": "dst",
            "destination_region": "cn-beijing",
        }
    ),
    source_uid="1111",
    destination_uid="2222",
    versioned=False,
    transfer_type="internal",
)
ROLE = RoleInPolicy.in_bucket(PAIR)
ANOTHER = "arn:sts::1111:assumed-role/oss-crr-another/*"
FOREIGN = {"Effect": "Allow", "Action": "oss:GetObject", "Principal": ["77"], "Resource": "acs:oss:*:2222:dst/*"}


def document(*statements: dict[str, Any]) -> policy.Document:
    """Return a policy."""
    return {"Version": "1", "Statement": list(statements)}


def finding(field: str, found: Any, *, extra: bool = False, part: str = "destination_grant") -> Finding:
    """Return a finding that is to be repaired."""
    return Finding(PAIR.name, part, field, "broken", None, found, "cause", "repair", repairable=True, extra=extra)


def test_a_document_without_findings_is_the_same_object() -> None:
    before = document(FOREIGN, ROLE.grant)
    assert restored(before, ROLE, [], []) is before


def test_remains_of_the_statement_go_and_others_stay() -> None:
    remains = {**ROLE.grant, "Action": ["oss:ReplicateList"], "Principal": [ROLE.principal, ANOTHER]}
    after = restored(document(FOREIGN, remains), ROLE, [finding("actions", None)], [])
    assert after["Statement"] == [FOREIGN, {**remains, "Principal": [ANOTHER]}]


def test_another_pairs_statement_of_the_same_role_is_no_remains() -> None:
    smaller = {**ROLE.grant, "Action": ["oss:ReplicateList", "oss:ReplicateGet"]}
    assert restored(document(smaller), ROLE, [finding("actions", None)], [smaller])["Statement"] == [smaller]


def test_what_is_too_much_goes_for_this_role_only() -> None:
    wide = {**ROLE.grant, "Action": [*ROLE.grant["Action"], "oss:PutObject"], "Principal": [ROLE.principal, ANOTHER]}
    found = as_statements(surplus(wide, ROLE.needed), wide)
    after = restored(document(wide, FOREIGN), ROLE, [finding("extra_rights", found, extra=True)], [])
    assert after["Statement"] == [{**wide, "Principal": [ANOTHER]}, FOREIGN]


def test_rights_of_the_role_that_nobody_complained_about_stay() -> None:
    wide = {**ROLE.grant, "Action": ["oss:PutObject", "oss:GetObject"]}
    found = [{"Action": ["oss:PutObject"], "Resource": list(ROLE.grant["Resource"])}]
    after = restored(document(wide), ROLE, [finding("extra_rights", found, extra=True)], [])
    assert after["Statement"] == [{**wide, "Action": ["oss:GetObject"]}]


def test_wide_principals_go_from_the_pairs_statement_only() -> None:
    public = {**FOREIGN, "Principal": ["*"]}
    wide = {**ROLE.grant, "Principal": ["*", ANOTHER]}
    found = {"too wide": ["*"], "not known": []}
    after = restored(document(public, wide), ROLE, [finding("extra_principals", found, extra=True)], [])
    assert after["Statement"] == [public, {**wide, "Principal": [ANOTHER]}]


def test_a_deny_of_somebody_else_stays() -> None:
    deny = {**ROLE.grant, "Effect": "Deny"}
    assert restored(document(deny), ROLE, [finding("statement", None)], [])["Statement"] == [deny]


GRANT = {"Effect": "Allow", "Action": ["oss:ReplicateGet"], "Resource": ["acs:oss:*:*:src"]}
OTHERS = "acs:oss:*:*:other"


def test_the_products_own_policy_loses_what_is_too_much_and_keeps_other_pairs() -> None:
    wide = {"Effect": "Allow", "Action": ["oss:ReplicateGet", "oss:PutObject"], "Resource": ["acs:oss:*:*:src", OTHERS]}
    extra = {"policy": "p", "Action": ["oss:PutObject"], "Resource": ["acs:oss:*:*:src", OTHERS]}
    findings = [finding("extra_rights", [extra], extra=True, part="source_grant")]
    after = cleaned("p", document(wide), findings, [GRANT], "Resource")
    assert after["Statement"] == [
        {"Effect": "Allow", "Action": ["oss:ReplicateGet"], "Resource": [OTHERS, "acs:oss:*:*:src"]}
    ]
    assert cleaned("another", document(wide), findings, [GRANT], "Resource") == document(wide)


def test_a_deny_in_the_products_own_policy_goes_where_it_was_found() -> None:
    deny = {**GRANT, "Effect": "Deny"}
    elsewhere = {**deny, "Action": "oss:PutBucketAcl"}
    found = [finding("denied", [deny], part="source_grant")]
    assert cleaned("p", document(GRANT, deny, elsewhere), found, [GRANT], "Resource") == document(GRANT, elsewhere)


def test_trust_is_given_back_beside_others_or_alone() -> None:
    others = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::3:root"]}}
    denied = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}
    wanted = policy.render("trust_policy")["Statement"]
    lost = finding("trust_policy", None, part="role")
    assert restored_trust(document(others, denied), [lost])["Statement"] == [*wanted, others]
    wide = finding("extra_trust", None, extra=True, part="role")
    assert restored_trust(document(others, denied), [lost, wide])["Statement"] == wanted
