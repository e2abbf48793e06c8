"""The role's rights: at the put, and for everything that is copied afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.identity import Caller
from localcloud.operation import OssCall
from localcloud.oss.replication.operations import put_replication
from localcloud.ram.model import Attachment, User

ROLE_ARN = "acs:ram::1111111111111111:role/Crr-Role"
RULE = """<ReplicationConfiguration><Rule><Action>{action}</Action>{prefixes}<SyncRole>{role}</SyncRole><Destination>
<Bucket>dst</Bucket><Location>oss-cn-beijing</Location></Destination></Rule></ReplicationConfiguration>"""


def put_rule(world: Any, action: str = "ALL", role: str = "Crr-Role", prefixes: str = "") -> None:
    world.call("PutBucketReplication", RULE.format(action=action, role=role, prefixes=prefixes))


def deny(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": [action], "Principal": ["*"], "Resource": [resource]}


def test_name_and_arn_of_the_role_are_both_understood(world: Any) -> None:
    put_rule(world, role=ROLE_ARN)
    world.source.rules.clear()
    put_rule(world, role="crr-role")
    assert len(world.source.rules) == 1


MISSING: dict[str, Callable[[Any], None]] = {
    "trust": lambda world: world.trust({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["*"]}}),
    "list at the source": lambda world: world.grant_source(("oss:ReplicateGet",)),
    "get at the source": lambda world: world.grant_source(("oss:ReplicateList",)),
    "list at the destination": lambda world: world.grant_destination("oss:ReplicateList"),
    "get at the destination": lambda world: world.grant_destination("oss:ReplicateGet"),
    "put at the destination": lambda world: world.grant_destination("oss:ReplicatePut"),
    "delete at the destination": lambda world: world.grant_destination("oss:ReplicateDelete"),
    "lower case in the principal": lambda world: world.grant_destination(role="Crr-Role"),
    "ordinary deny": lambda world: world.grant_destination(more=(deny("oss:PutObject", "acs:oss:*:*:dst/*"),)),
}


@pytest.mark.parametrize("missing", MISSING)
def test_put_names_no_cause_when_a_right_is_missing(world: Any, missing: str) -> None:
    MISSING[missing](world)
    with pytest.raises(OssError) as refused:
        put_rule(world)
    assert (refused.value.status, refused.value.code, refused.value.details) == (403, "NoPermission", {})
    assert not world.source.rules


@pytest.mark.parametrize("role", ["no-such-role", "acs:ram::2222222222222222:role/Crr-Role", "acs:ram::1:role"])
def test_role_that_does_not_exist_is_no_permission_either(world: Any, role: str) -> None:
    world.cloud.behaviour.replication_role_error = "AccessDenied"
    with pytest.raises(OssError) as refused:
        put_rule(world, role=role)
    assert (refused.value.status, refused.value.code) == (403, "AccessDenied")


def test_delete_right_is_needed_only_where_deletes_travel(world: Any, versioned: Any) -> None:
    for each in (world, versioned):
        each.grant_destination("oss:ReplicateDelete")
    put_rule(world, action="PUT")
    with pytest.raises(OssError):
        put_rule(versioned, action="PUT")


def test_rights_are_checked_under_the_rules_prefixes_only(world: Any) -> None:
    world.grant_source(
        ("oss:ReplicateList",),
        more=({"Effect": "Allow", "Action": ["oss:ReplicateGet"], "Resource": ["acs:oss:*:*:src/logs/*"]},),
    )
    put_rule(world, prefixes="<PrefixSet><Prefix>logs/</Prefix></PrefixSet>")
    world.source.rules.clear()
    with pytest.raises(OssError):
        put_rule(world, prefixes="<PrefixSet><Prefix>logs/</Prefix><Prefix>video/</Prefix></PrefixSet>")


@pytest.mark.parametrize("missing", MISSING)
def test_right_taken_away_stops_copying_and_given_back_resumes_it(versioned: Any, missing: str) -> None:
    world = versioned
    put_rule(world)
    world.put("first")
    world.run()
    MISSING[missing](world)
    world.put("second")
    world.delete("second")
    world.run()
    world.run()
    stopped = list(world.destination.keys)
    world.trust({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})
    world.grant_source()
    world.grant_destination()
    world.put("third")
    world.run()
    assert list(world.destination.keys) == ["first", "second", "third"]
    assert [v.delete_marker for v in world.destination.keys["second"]] == [True, False]
    # Without the right to delete, the object itself arrives and only its marker waits.
    assert stopped == (["first", "second"] if missing == "delete at the destination" else ["first"])


def test_deny_on_some_keys_holds_up_only_those_and_keeps_their_order(world: Any) -> None:
    world.grant_destination(more=(deny("oss:ReplicatePut", "acs:oss:*:*:dst/secret/*"),))
    world.rule()
    for number in range(50):
        world.put(f"secret/{number:02}", b"1")
        world.put(f"open/{number:02}", b"1")
    world.put("secret/00", b"2")
    world.delete("secret/01")
    world.run()
    assert all(key.startswith("open/") for key in world.destination.keys)
    assert len(world.destination.keys) == 50
    world.run()
    world.grant_destination()
    world.run()
    assert list(world.destination.keys) == list(world.source.keys)
    assert world.destination.latest("secret/00").body == b"2"


def test_deletions_that_waited_do_not_undo_later_writes(world: Any) -> None:
    for key in "abc":
        world.put(key, b"1")
    world.rule()
    world.run()
    world.grant_destination("oss:ReplicateDelete")
    for key in "abc":
        world.delete(key)
    world.run()
    world.grant_destination()
    for key in "abc":
        world.put(key, b"2")
    world.run()
    assert [versions[0].body for versions in world.destination.keys.values()] == [b"2"] * 3


def test_waiting_objects_are_all_probed_in_time(world: Any) -> None:
    """Only the last of many waiting objects is repaired; it must be found although the others stay refused."""
    world.grant_destination(more=(deny("oss:ReplicatePut", "acs:oss:*:*:dst/*"),))
    world.rule()
    for number in range(100):
        world.put(f"{number:03}")
    world.run()
    world.grant_destination(
        more=tuple(deny("oss:ReplicatePut", f"acs:oss:*:*:dst/{number:03}") for number in range(99))
    )
    for _ in range(10):
        world.run()
    assert list(world.destination.keys) == ["099"]


def test_role_made_anew_without_policies_does_not_copy(world: Any) -> None:
    world.rule()
    world.run()
    role = world.cloud.accounts["1111111111111111"].ram.roles.pop("crr-role")
    world.put("a")
    world.run()
    assert not world.destination.keys
    world.cloud.accounts["1111111111111111"].ram.roles["crr-role"] = role
    world.run()
    assert list(world.destination.keys) == ["a"]


def test_rule_without_a_role_needs_no_grants_within_the_account(world: Any) -> None:
    other = world.bucket("other", region="cn-beijing")
    world.grant_source(("oss:Nothing",))
    body = RULE.replace("<SyncRole>{role}</SyncRole>", "").replace(">dst<", ">other<")
    world.put("a")
    world.call("PutBucketReplication", body.format(action="ALL", prefixes=""))
    world.run()
    assert list(other.keys) == ["a"]


@pytest.mark.parametrize(
    ("required", "granted", "passes"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_pass_role_is_asked_for_only_when_set(world: Any, required: bool, granted: bool, passes: bool) -> None:
    world.cloud.behaviour.require_pass_role = required
    account = world.cloud.accounts["1111111111111111"]
    user = account.ram.users["bob"] = User("bob", "400", world.clock.now())
    if granted:
        world.grant_source(more=({"Effect": "Allow", "Action": ["ram:PassRole"], "Resource": [ROLE_ARN]},))
        user.attachments.set((Attachment("crr", "Custom", world.clock.now()),), world.clock.now(), 0)
    request = Request("POST", "/src/", "", {}, RULE.format(action="ALL", role="Crr-Role", prefixes="").encode())
    call = OssCall(world.cloud, request, Caller("ram_user", account.uid, "bob", "400"), "0" * 24, "src")
    if passes:
        assert put_replication(call).status == 200
    else:
        with pytest.raises(OssError) as refused:
            put_replication(call)
        assert refused.value.code == "NoPermission"
