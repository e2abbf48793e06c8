"""No failing check is followed by a write: every check's failing case, on the local cloud."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import oss2
import pytest

from localcloud.oss.replication import render
from localcloud.oss.replication.model import ReplicationRule
from localcloud.ram.api import ims
from localcloud.server import LocalCloudServer
from oss_crr import deep_checks, fact_checks, preflight
from oss_crr.resources.registry import RESOURCES
from tests.integration.world import (
    DESTINATION_UID,
    INSTANCE,
    KEY_ARN,
    PAIR,
    SOURCE_UID,
    World,
    kms_config,
)

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
THIRD_UID = "3333333333333333"
GIVEN = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}

#: Changes a fresh world; may return another one, with other connections.
Prepare = Callable[[World, pytest.MonkeyPatch], World | None]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    config = kms_config()
    source, destination = config["accounts"]
    source["users"].append(
        {
            "name": "twin",
            "access_keys": [{"id": "LTAI-twin-user", "secret": "twin-user-secret"}],
            "policies": ["AdministratorAccess"],
        }
    )
    destination["buckets"].append({"name": "dst-finance", "region": "cn-shanghai-finance-1"})
    opened = {"Effect": "Allow", "Action": ["oss:*"], "Principal": ["*"]}
    config["accounts"].append(
        {
            "uid": THIRD_UID,
            "buckets": [
                {
                    "name": name,
                    "region": region,
                    "policy": document({**opened, "Resource": [f"acs:oss:*:{THIRD_UID}:{name}"]}),
                }
                for name, region in (("third-hangzhou", "cn-hangzhou"), ("third-beijing", "cn-beijing"))
            ],
        }
    )
    with LocalCloudServer(config) as server:
        yield server


@pytest.fixture
def world(server: LocalCloudServer) -> World:
    """Return a fresh world."""
    server.runtime.reset()
    return World(server)


# --- what is wrong ---------------------------------------------------------------------------------------------------


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "1", "Statement": list(statements)}


def compact(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the cloud as it is: the fields are wrong."""


def connected(**settings: dict[str, Any]) -> Prepare:
    return lambda world, _: World(world.server, settings={f"oss_{side}": more for side, more in settings.items()})


def unknown_keys(world: World, _: pytest.MonkeyPatch) -> World:
    return World(world.server, "nobody")


def suspended(world: World, _: pytest.MonkeyPatch) -> None:
    for name in (SOURCE, DESTINATION):
        world.bucket(name).put_bucket_versioning(oss2.models.BucketVersioningConfig("Suspended"))


def own_key(world: World, _: pytest.MonkeyPatch) -> None:
    world.bucket(DESTINATION).put_bucket_encryption(oss2.models.ServerSideEncryptionRule("KMS", "key-given"))


def service_says(name: str, answer: bool) -> Prepare:
    """Let the service's own table of regions differ from the package's."""
    return lambda _, monkeypatch: monkeypatch.setattr(render, name, lambda *_: answer)


def denied(bucket: str, owner: str, action: str) -> Prepare:
    def prepare(world: World, _: pytest.MonkeyPatch) -> None:
        resources = [f"acs:oss:*:{owner}:{bucket}", f"acs:oss:*:{owner}:{bucket}/*"]
        statement = {"Effect": "Deny", "Action": [action], "Principal": ["*"], "Resource": resources}
        world.bucket(bucket).put_bucket_policy(json.dumps(document(statement)))

    return prepare


def key_denied(world: World, _: pytest.MonkeyPatch) -> None:
    kms = world.root.destination(world.pair()).kms("cn-beijing")
    own = json.loads(kms.get_key_policy("key-given"))["Statement"][0]
    roles = [f"acs:ram::{SOURCE_UID}:role/{world.pair().role}"]
    denial = {**own, "Sid": "no", "Effect": "Deny", "Action": ["kms:Decrypt"], "Principal": {"RAM": roles}}
    kms.set_key_policy("key-given", json.dumps(document(own, denial)))


def foreign(principals: list[str], **more: Any) -> dict[str, Any]:
    resource = f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}/public/*"
    return {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": principals,
        "Resource": [resource],
        **more,
    }


def source_ip_alone(world: World, _: pytest.MonkeyPatch) -> None:
    """Put a policy of the time when OSS took it."""
    behaviour = world.server.cloud.behaviour
    behaviour.require_source_vpc = False
    statement = foreign([THIRD_UID], Condition={"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}})
    world.bucket(DESTINATION).put_bucket_policy(json.dumps(document(statement)))
    behaviour.require_source_vpc = True


def full_bucket_policy(world: World, _: pytest.MonkeyPatch) -> None:
    def names(batch: int) -> list[str]:
        return [f"arn:sts::{THIRD_UID}:assumed-role/a-role-{batch}-{number:03}/*" for number in range(70)]

    filled = document(*(foreign(names(number)) for number in range(4)))
    world.bucket(DESTINATION).put_bucket_policy(compact(filled))


def full_key_policy(world: World, _: pytest.MonkeyPatch) -> None:
    kms = world.root.destination(world.pair()).kms("cn-beijing")
    own = json.loads(kms.get_key_policy("key-given"))["Statement"][0]
    roles = [f"acs:ram::{THIRD_UID}:role/a-role-{number:04}" for number in range(720)]
    theirs = {**own, "Sid": "theirs", "Action": ["kms:Decrypt"], "Principal": {"RAM": roles}}
    kms.set_key_policy("key-given", compact(document(own, theirs)))


def rules_of(bucket: str) -> Prepare:
    def prepare(world: World, _: pytest.MonkeyPatch) -> None:
        cloud = world.server.cloud
        world.take_over()
        for number in range(100):
            target = f"elsewhere-{number}"
            rule = ReplicationRule(f"rule-{number}", bucket, target, "oss-cn-shanghai", cloud.clock.now())
            cloud.buckets[bucket].rules[rule.id] = rule

    return prepare


def quota(name: str) -> Prepare:
    return lambda _, monkeypatch: monkeypatch.setattr(ims, name, 0)


def unanswered(action: str, bucket: str | None = None) -> Prepare:
    return failing(action, 503, "ServiceUnavailable", bucket)


def forbidden(action: str, bucket: str | None = None, code: str = "AccessDenied") -> Prepare:
    return failing(action, 403, code, bucket)


def failing(action: str, status: int, code: str, bucket: str | None) -> Prepare:
    def prepare(world: World, _: pytest.MonkeyPatch) -> None:
        fault = {"action": action, "status": status, "code": code, **({"bucket": bucket} if bucket else {})}
        world.server.runtime.gateway.faults.add(fault)

    return prepare


def role_of_people(world: World, _: pytest.MonkeyPatch) -> None:
    """Create a role that people assume, not OSS."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{SOURCE_UID}:root"]}}
    world.root.source(world.pair()).ram.create_role("oss-crr-people", json.dumps(document(trust)), "for people")


def full_role(suffix: str) -> Prepare:
    """Fill all policies that a role may have."""

    def prepare(world: World, _: pytest.MonkeyPatch) -> None:
        ram = world.root.source(world.pair()).ram
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}
        ram.create_role("oss-crr-full", json.dumps(document(trust)), "full")
        resources = [f"acs:oss:*:*:{'x' * 40}-{number:03}" for number in range(101)]
        filled = compact(document({"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": resources}))
        for number in range(1, 11):
            name = f"oss-crr-full-{suffix}" + (f"-{number}" if number > 1 else "")
            ram.create_policy(name, filled, "full")
            ram.attach_policy("oss-crr-full", name, "Custom")

    return prepare


def key_disabled(world: World, _: pytest.MonkeyPatch) -> None:
    world.server.cloud.accounts[DESTINATION_UID].kms.keys["key-given"].state = "Disabled"


def another_rule(world: World, _: pytest.MonkeyPatch) -> None:
    assert world.set_up(replicate_historical_data=False)["create_rule"].ok


# --- checks that block -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What makes a check fail.

    :param advice: part of what the check says is to be done.
    """

    check: str
    advice: str
    prepare: Prepare = nothing
    fields: dict[str, Any] = field(default_factory=dict)


FULL_ROLE = {"role_name": "oss-crr-full"}
DELETES = {"replication_policy": "add_delete_change"}
AGAIN = "ServiceUnavailable"

CASES = (
    Case("source identity", "check `access_key_id`", unknown_keys),
    Case("source identity", "use the other account's key", connected(source={"account_uid": "9"})),
    Case("destination identity", "check `access_key_id`", unknown_keys),
    Case("destination identity", "use the other account's key", connected(destination={"account_uid": "9"})),
    Case("source uid", "correct source_uid", fields={"source_uid": DESTINATION_UID}),
    Case("destination uid", "correct destination_uid", fields={"destination_uid": SOURCE_UID}),
    Case("different accounts", "connection of the other account", fields={"destination_conn_id": "oss_twin"}),
    Case(
        "allowed destination",
        "add it to allowed_destination_uids",
        connected(source={"allowed_destination_uids": frozenset({THIRD_UID})}),
    ),
    Case("source bucket", "no-such-bucket", fields={"source_bucket": "no-such-bucket"}),
    Case("destination bucket", "no-such-bucket", fields={"destination_bucket": "no-such-bucket"}),
    Case("source bucket", AGAIN, unanswered("GetBucketInfo", SOURCE)),
    Case("source region", "correct source_region", fields={"source_region": "cn-qingdao"}),
    Case("destination region", "correct destination_region", fields={"destination_region": "cn-shenzhen"}),
    Case("source owner", f"connection of account {THIRD_UID}", fields={"source_bucket": "third-hangzhou"}),
    Case("destination owner", f"connection of account {THIRD_UID}", fields={"destination_bucket": "third-beijing"}),
    Case("versioning", "enable it on both", suspended),
    Case("destination encryption", "switch replicate_kms_objects on", own_key),
    Case(
        "kms key owner",
        "set kms_key_arn to a key of the destination's account",
        fields={**GIVEN, "kms_key_arn": KEY_ARN.replace(DESTINATION_UID, SOURCE_UID)},
    ),
    Case(
        "replication location",
        "choose a destination in one of",
        fields={"destination_bucket": "dst-finance", "destination_region": "cn-shanghai-finance-1"},
    ),
    Case("replication location", AGAIN, unanswered("GetBucketReplicationLocation")),
    Case("transfer type", "set transfer_type to one that is offered", service_says("needs_acceleration", True)),
    Case("rtc", "switch rtc off", service_says("supports_rtc", False), {"rtc": True}),
    Case("source denials", "take the role out", denied(SOURCE, SOURCE_UID, "oss:GetObject")),
    Case("source denials", AGAIN, unanswered("GetBucketPolicy", SOURCE)),
    Case("destination denials", "take the role out", denied(DESTINATION, DESTINATION_UID, "oss:PutObject")),
    Case(
        "destination denials",
        "take the role out",
        denied(DESTINATION, DESTINATION_UID, "oss:DeleteObject"),
        DELETES,
    ),
    Case("key denials", "take the role out", key_denied, GIVEN),
    Case("source ip conditions", "add acs:SourceVpc", source_ip_alone),
    Case("source rule slots", "remove a rule nobody needs", rules_of(SOURCE)),
    Case("destination rule slots", "remove a rule nobody needs", rules_of(DESTINATION)),
    Case("destination rule slots", AGAIN, unanswered("GetBucketReplication", DESTINATION)),
    Case("destination retention", AGAIN, unanswered("GetBucketWorm")),
    Case("source lifecycle", AGAIN, unanswered("GetBucketLifecycle"), DELETES),
    Case("ram quotas", AGAIN, unanswered("GetAccountSummary")),
    Case("role quota", "raise the quota", quota("MAX_ROLES")),
    Case("policy quota", "raise the quota", quota("MAX_POLICIES")),
    Case("bucket policy size", "remove statements nobody needs", full_bucket_policy),
    Case("key policy size", "remove statements nobody needs", full_key_policy, GIVEN),
    Case("role", "choose another role_name", role_of_people, {"role_name": "oss-crr-people"}),
    Case("role", "ram:GetRole", forbidden("GetRole", code="NoPermission")),
    Case("source_grant", "use another role_name", full_role("source-read"), FULL_ROLE),
    Case("source_grant", "ram:GetPolicy", forbidden("GetPolicy", code="NoPermission")),
    Case("destination_grant", "oss:GetBucketPolicy", forbidden("GetBucketPolicy", DESTINATION)),
    Case("kms_key", "enable it, or give another one", key_disabled, GIVEN),
    Case("kms_key", "correct kms_instance_id", fields={"replicate_kms_objects": True, "kms_instance_id": "kst-none"}),
    Case(
        "kms_key",
        "kms:GetKmsInstance",
        forbidden("GetKmsInstance", code="Forbidden.NoPermission"),
        {"replicate_kms_objects": True, "kms_instance_id": INSTANCE},
    ),
    Case("kms_key_grant", "kms:GetKeyPolicy", forbidden("GetKeyPolicy", code="Forbidden.NoPermission"), GIVEN),
    Case("kms_role_grant", "use another role_name", full_role("kms"), {**GIVEN, **FULL_ROLE}),
    Case("rule", "set on_rule_mismatch to 'replace'", another_rule),
    Case("rule", "oss:GetBucketReplication", forbidden("GetBucketReplication", SOURCE)),
)


@pytest.mark.parametrize("case", CASES, ids=[f"{number:02}-{case.check}" for number, case in enumerate(CASES)])
def test_failing_check_is_named_and_nothing_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    used = case.prepare(world, monkeypatch) or world
    used.reset_calls()
    before = used.state()
    outcomes = used.set_up(**case.fields)
    assert used.calls()["writes"] == 0
    assert used.state() == before
    assert list(outcomes) == ["preflight"]
    outcome = outcomes["preflight"]
    checks = [check for check in outcome.details["checks"] if check["name"] == case.check]
    texts = [f"{check['found']} → {check['action']}" for check in checks if check["status"] == "blocks"]
    assert any(case.advice in text for text in texts), outcome.details["checks"]
    assert outcome.error is not None
    assert f"{case.check}: " in outcome.error["message"]
    assert outcome.retryable is (case.advice == AGAIN)


# --- checks that warn ------------------------------------------------------------------------------------------------


def retained(world: World, _: pytest.MonkeyPatch) -> None:
    bucket = world.server.cloud.buckets[DESTINATION]
    bucket.worm_days = 30
    worm = world.bucket(DESTINATION).init_bucket_worm(30)
    world.bucket(DESTINATION).complete_bucket_worm(worm.worm_id)


def expiring(world: World, _: pytest.MonkeyPatch) -> None:
    rule = oss2.models.LifecycleRule("expire", "tmp/", expiration=oss2.models.LifecycleExpiration(days=3))
    world.bucket().put_bucket_lifecycle(oss2.models.BucketLifecycle([rule]))


def replicates_to(target: str) -> Prepare:
    def prepare(world: World, _: pytest.MonkeyPatch) -> None:
        cloud = world.server.cloud
        world.take_over()
        rule = ReplicationRule("back", DESTINATION, target, "oss-cn-hangzhou", cloud.clock.now())
        cloud.buckets[DESTINATION].rules[rule.id] = rule

    return prepare


def upper_case_principal(world: World, _: pytest.MonkeyPatch) -> None:
    role = world.pair().role.upper()
    statement = foreign([f"arn:sts::{SOURCE_UID}:assumed-role/{role}/*"])
    world.bucket(DESTINATION).put_bucket_policy(json.dumps(document(statement)))


def conditional_denial(world: World, _: pytest.MonkeyPatch) -> None:
    statement = foreign(["*"], Effect="Deny", Condition={"Bool": {"acs:SecureTransport": ["false"]}})
    world.bucket(DESTINATION).put_bucket_policy(json.dumps(document(statement)))


WARNINGS = (
    Case("role_permissions", "use 'minimal'", fields={"role_permissions": "AliyunOSSFullAccess"}),
    Case("kms_permissions", "use 'minimal'", fields={**GIVEN, "kms_permissions": "AliyunKMSFullAccess"}),
    Case("role name", "`oss-crr-capitals` is granted", fields={"role_name": "oss-crr-Capitals"}),
    Case("role name", "replace it by", upper_case_principal),
    Case("two-way replication", "do not write the same object on both sides", replicates_to(SOURCE)),
    Case("chained replication", f"replicate from `{SOURCE}` as well", replicates_to("elsewhere")),
    Case("destination retention", "expect overwritten objects to stay as they were", retained),
    Case("destination retention", "not checked", forbidden("GetBucketWorm")),
    Case("source lifecycle", "the replicas are deleted as well", expiring, DELETES),
    Case("destination denials", "under a condition", conditional_denial),
    Case("ram quotas", "not checked", forbidden("GetAccountSummary", code="NoPermission")),
    Case("rule", "it is deleted and created again", another_rule, {"on_rule_mismatch": "replace"}),
)


@pytest.mark.parametrize("case", WARNINGS, ids=[f"{number:02}-{case.check}" for number, case in enumerate(WARNINGS)])
def test_warning_does_not_block(world: World, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    case.prepare(world, monkeypatch)
    outcome = world.preflight(**case.fields).outcome("preflight")
    assert outcome.error is None
    warnings = [check for check in outcome.details["checks"] if check["status"] == "warning"]
    texts = [f"{check['found']} → {check['action']}" for check in warnings if check["name"] == case.check]
    assert any(case.advice in text for text in texts), warnings


# --- completeness ----------------------------------------------------------------------------------------------------

#: Cannot fail: what does not fit into one policy of the role goes into the next, see "source_grant".
INFORMATION = {"role policy size"}
#: Functions of which the first argument is a check's name.
_NAMING = {"Check", "unreadable", "_unread", "_denials", "_slots", "_quota", "_size_check"}


def names_in(module: ModuleType) -> set[str]:
    """Return the names of all checks that a module can make, out of its source."""
    functions = (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef))
    return {name for function in functions for name in _names_in_function(function)}


def _names_in_function(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMING:
            yield from _values(node.args[0], function)


def _values(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """Yield what an expression for a name can be; a name that is built in another way fails the test."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        text = ast.unparse(node)
        assert text.startswith("f'{side} "), f"name of a check that cannot be read: {text}"
        yield from (text[2:-1].format(side=side) for side in ("source", "destination"))
    elif isinstance(node, ast.Name):
        if node.id not in {argument.arg for argument in function.args.args}:
            yield from _assigned(node.id, function)
    else:
        # A change carries its resource's name.
        assert ast.unparse(node) == "change.resource"
        yield from RESOURCES


def _assigned(name: str, function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            yield from _values(node.value, function)
        elif isinstance(node, ast.For) and ast.unparse(node.target) == name:
            assert isinstance(node.iter, ast.Tuple)
            for item in node.iter.elts:
                yield from _values(item, function)


def test_every_check_has_a_failing_case() -> None:
    made = names_in(fact_checks) | names_in(deep_checks) | names_in(preflight)
    assert made == {case.check for case in (*CASES, *WARNINGS)} | INFORMATION
    assert len({case.check for case in CASES}) >= 25


def test_at_least_twenty_five_checks_are_made_for_one_pair(world: World) -> None:
    checks = world.preflight(**GIVEN, **DELETES).checks
    assert len({check.name for check in checks}) >= 25
    assert {check.status for check in checks} == {"ok"}
