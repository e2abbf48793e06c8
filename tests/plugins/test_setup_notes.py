"""What setup writes into a rule's id: exactly what could not be told from the cloud later."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oss_crr import provenance
from oss_crr.converge import observe
from oss_crr.model import AttachedPolicy, PolicyInfo, RoleInfo
from oss_crr.pair import ResolvedPair
from oss_crr.provenance import Provenance
from oss_crr.resources import destination_grant
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.registry import RESOURCES
from oss_crr.resources.role import Role
from oss_crr.resources.rule import rule_spec
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.setup_notes import with_notes
from tests.plugins.converging import NOW
from tests.plugins.fake_cloud import SOURCE_UID, FakeCloud, make_resolved, make_rule

NAMES = ("role", "source_grant", "destination_grant", "rule")
ADOPTED = make_resolved(role_name="Theirs")
FULL = make_resolved(role_name="Theirs", role_permissions="AliyunOSSFullAccess")


def noted(cloud: FakeCloud, pair: ResolvedPair) -> Provenance:
    plans = {name: observe(RESOURCES[name], cloud.accounts, [pair], NOW)[pair.name] for name in NAMES}
    found = provenance.read(rule_spec(with_notes(pair, plans)).id, pair.pair)
    assert found is not None
    return replace(found, role_mark="", uses=frozenset())


def add_role(cloud: FakeCloud, name: str, description: str = "theirs") -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}
    document = json.dumps({"Version": "1", "Statement": [trust]})
    cloud.ram.roles[name] = RoleInfo(name, f"acs:ram::{SOURCE_UID}:role/{name}", description, document, 3600)


def grant(cloud: FakeCloud, pair: ResolvedPair) -> None:
    cloud.dst.policy = json.dumps(destination_grant.merged(None, [pair]))


def test_an_empty_world_leaves_nothing_to_note(cloud: FakeCloud) -> None:
    assert noted(cloud, make_resolved()) == Provenance()


def test_a_role_of_ours_tells_enough(cloud: FakeCloud) -> None:
    pair = make_resolved()
    Role().apply(cloud.accounts, [pair], None)
    assert noted(cloud, pair) == Provenance()
    grant(cloud, pair)
    assert noted(cloud, pair) == Provenance()


def test_a_grant_made_ahead_of_the_role_is_somebody_elses(cloud: FakeCloud) -> None:
    grant(cloud, make_resolved())
    assert noted(cloud, make_resolved()) == Provenance(found=frozenset("d"))


def test_what_an_adopted_role_lacked_is_noted(cloud: FakeCloud) -> None:
    add_role(cloud, "Theirs")
    assert noted(cloud, ADOPTED) == Provenance(frozenset("d"))
    grant(cloud, ADOPTED)
    assert noted(cloud, ADOPTED) == Provenance()


@pytest.mark.parametrize(("attached", "added"), [([], "do"), ([AttachedPolicy("AliyunOSSFullAccess", "System")], "d")])
def test_a_system_policy_that_was_attached_is_noted(cloud: FakeCloud, attached: list[Any], added: str) -> None:
    add_role(cloud, "Theirs")
    cloud.ram.attached["Theirs"] = attached
    assert noted(cloud, FULL) == Provenance(frozenset(added))


@pytest.mark.parametrize(("description", "added"), [("theirs", "dp"), (f"{CREATED_BY}: x", "d")])
def test_a_policy_of_somebody_else_that_was_attached_is_noted(cloud: FakeCloud, description: str, added: str) -> None:
    add_role(cloud, "Theirs")
    name = SourceGrant().policy_name(ADOPTED)
    document = json.dumps({"Version": "1", "Statement": SourceGrant().grants(ADOPTED)})
    cloud.ram.policies[name] = PolicyInfo(name, "Custom", description, document, "v1", 0)
    assert noted(cloud, ADOPTED) == Provenance(frozenset(added))


def test_acceleration_is_noted_where_the_rule_switches_it_on(cloud: FakeCloud) -> None:
    pair = replace(make_resolved(), transfer_type="oss_acc")
    assert noted(cloud, pair) == Provenance(frozenset("a"))
    assert noted(cloud, replace(pair, accelerated=True)) == Provenance()


def test_a_rule_that_is_replaced_hands_its_notes_on(cloud: FakeCloud) -> None:
    add_role(cloud, "Theirs")
    grant(cloud, ADOPTED)
    mark = provenance.role_mark(ADOPTED.pair)
    earlier = ADOPTED.pair.rule_id + Provenance(frozenset("dk"), role_mark=mark).suffix
    cloud.src.rules = [make_rule(ADOPTED, id=earlier, status="closing")]
    assert noted(cloud, ADOPTED) == Provenance(frozenset("dk"))


def test_system_policies_that_a_pair_relies_on_are_noted(cloud: FakeCloud) -> None:
    asked = make_resolved(role_permissions="AliyunOSSFullAccess")
    rule_id = rule_spec(with_notes(asked, {})).id
    assert rule_id == f"{asked.pair.rule_id}-uses-o"


def test_a_rule_made_without_notes_still_names_its_role() -> None:
    found = provenance.read(rule_spec(ADOPTED).id, ADOPTED.pair)
    assert found == Provenance(role_mark=provenance.mark_of("Theirs"))


def test_a_policy_of_somebody_else_is_never_written(cloud: FakeCloud) -> None:
    add_role(cloud, "Theirs")
    name = "Theirs-source-read"
    document = json.dumps({"Version": "1", "Statement": [{"Effect": "Deny", "Action": "oss:*", "Resource": "*"}]})
    cloud.ram.policies[name] = PolicyInfo(name, "Custom", "theirs", document, "v1", 0)
    resource = RESOURCES["source_grant"]
    resource.apply(cloud.accounts, [ADOPTED], resource.observe(cloud.accounts, ADOPTED))
    assert cloud.writes == ["CreatePolicy", "AttachPolicyToRole"]
    assert cloud.ram.attached["Theirs"] == [AttachedPolicy(f"{name}-2", "Custom")]
    assert resource.changes(ADOPTED, resource.observe(cloud.accounts, ADOPTED)) == ()
    resource.remove(cloud.accounts, [ADOPTED], resource.observe(cloud.accounts, ADOPTED))
    assert (set(cloud.ram.policies), cloud.ram.attached["Theirs"]) == ({name}, [])
