"""Every part of the generated documents is needed: without it the rule is refused, or something stays behind."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import oss2
import pytest

from oss_crr.errors import PermissionDenied
from oss_crr.resources.rule import rule_spec
from tests.integration.world import KEY_ARN, PAIR, SOURCE_UID, World, kms_config

Document = dict[str, Any]

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
KMS_HEADERS = {"x-oss-server-side-encryption": "KMS", "x-oss-server-side-encryption-key-id": "key-source"}
#: What is allowed where nothing is left: a statement must have an action.
HARMLESS = {"oss": "oss:GetBucketInfo", "kms": "kms:DescribeKey", "sts": "sts:GetCallerIdentity"}


# --- mutations -------------------------------------------------------------------------------------------------------


def mutations(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield copies of a document, each lacking one statement or action, or with one resource or principal less."""
    for number, statement in enumerate(document["Statement"]):
        for name, mutated in _statement_mutations(statement):
            changed = copy.deepcopy(document)
            changed["Statement"][number] = mutated
            yield f"statement {number + 1}: {name}", changed


def _statement_mutations(statement: Document) -> Iterator[tuple[str, Document]]:
    actions, resources = _listed(statement["Action"]), _listed(statement.get("Resource", []))
    harmless = HARMLESS[actions[0].partition(":")[0]]
    yield "dropped", {**statement, "Action": [harmless]}
    for action in actions:
        left = [item for item in actions if item != action]
        yield f"without {action}", {**statement, "Action": left or [harmless]}
    for resource in resources:
        if resource != "*":  # The only resource a key policy may have.
            others = [item for item in resources if item != resource]
            yield f"{resource} narrowed", {**statement, "Resource": [*others, _narrowed(resource)]}
            if others:
                yield f"without {resource}", {**statement, "Resource": others}
    if "Principal" in statement:
        other = json.loads(_other_principal(json.dumps(statement["Principal"])))
        yield "another principal", {**statement, "Principal": other}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _narrowed(resource: str) -> str:
    if ":kms:" in resource:
        return resource.removesuffix("*") + "-other"
    # A bucket's own policy may name no other bucket.
    return resource.removesuffix("/*") + "/narrow/*"


def _other_principal(text: str) -> str:
    return text.replace("oss-crr-", "oss-crr-x-").replace("oss.aliyuncs", "ecs.aliyuncs")


# --- the documents in the cloud --------------------------------------------------------------------------------------


class Granted:
    """A pair that is set up, whose documents can be replaced behind the product's back."""

    def __init__(self, world: World, **fields: Any) -> None:
        self.world = world
        self._numbers = count(1)
        outcomes = world.set_up(**fields)
        assert all(outcome.ok for outcome in outcomes.values()), outcomes
        resolved = world.preflight(**fields).resolved
        assert resolved is not None
        self.pair = resolved
        self.role = resolved.pair.role
        self._source = world.root.source(resolved.pair)
        self._destination = world.root.destination(resolved.pair)
        self._kms = self._destination.kms("cn-beijing")
        self._documents: dict[str, tuple[Callable[[], str], Callable[[str], None]]] = {
            "trust": (lambda: self._trust.current, self._set_trust),
            "source grant": (lambda: self._policy("source-read"), lambda text: self._set_policy("source-read", text)),
            "destination grant": (self._bucket_policy, self._set_bucket_policy),
            "kms role grant": (lambda: self._policy("kms"), lambda text: self._set_policy("kms", text)),
            "key policy": (
                lambda: self._kms.get_key_policy("key-given"),
                lambda text: self._kms.set_key_policy("key-given", text),
            ),
        }

    def read(self, name: str) -> Document:
        """Return a document as it is in the cloud."""
        found: Document = json.loads(self._documents[name][0]())
        return found

    def write(self, name: str, document: Document) -> None:
        """Replace a document."""
        self._documents[name][1](json.dumps(document))

    @property
    def _trust(self) -> Any:
        return self.world.server.cloud.accounts[SOURCE_UID].ram.roles[self.role].trust_policy

    def _set_trust(self, text: str) -> None:
        self._trust.set(text, self.world.server.cloud.clock.now(), 0.0)

    def _policy(self, suffix: str) -> str:
        info = self._source.ram.get_policy(f"{self.role}-{suffix}", "Custom")
        assert info is not None
        return info.document

    def _set_policy(self, suffix: str, text: str) -> None:
        self._source.ram.create_policy_version(f"{self.role}-{suffix}", text)

    def _bucket_policy(self) -> str:
        text = self._destination.oss("cn-beijing").get_bucket_policy(DESTINATION)
        assert text is not None
        return text

    def _set_bucket_policy(self, text: str) -> None:
        self._destination.oss("cn-beijing").put_bucket_policy(DESTINATION, text)

    # --- does it replicate? ---

    def begin(self) -> Probe:
        """Have an object at both sides that is then deleted at the source."""
        probe = Probe(self, next(self._numbers))
        self.world.bucket().put_object(probe.victim, b"data")
        self.world.replicate()
        assert probe.victim in self.world.object_keys()
        return probe

    def rule_is_refused(self) -> bool:
        """Delete the rule and tell whether it can be put again."""
        oss = self._source.oss("cn-hangzhou")
        oss.delete_rule(SOURCE, self.pair.pair.rule_id)
        self.world.replicate()
        try:
            oss.put_rule(SOURCE, rule_spec(self.pair))
        except PermissionDenied:
            return True
        return False

    def put_rule_again(self) -> None:
        """Put the rule that was refused."""
        self._source.oss("cn-hangzhou").put_rule(SOURCE, rule_spec(self.pair))


class Probe:
    """One of everything that the pair replicates: a plain object, an encrypted one, and a deletion."""

    def __init__(self, granted: Granted, number: int) -> None:
        self._granted = granted
        self.victim = f"victim-{number}"
        self._plain, self._secret = f"plain-{number}", f"secret-{number}"

    def write(self) -> None:
        """Change the source."""
        bucket = self._granted.world.bucket()
        bucket.put_object(self._plain, b"data")
        if self._granted.pair.replicates_kms_objects:
            bucket.put_object(self._secret, b"data", headers=KMS_HEADERS)
        if self._granted.pair.needs_delete_right:
            bucket.delete_object(self.victim)

    def has_arrived(self) -> bool:
        """Copy what can be copied, and tell whether that is everything."""
        self._granted.world.replicate()
        wanted = {self._plain} | ({self._secret} if self._granted.pair.replicates_kms_objects else set())
        found = self._granted.world.object_keys()
        return wanted <= found and (self.victim in found) is not self._granted.pair.needs_delete_right


# --- the cases -------------------------------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {}
DELETES = {"replication_policy": "add_delete_change"}
KMS = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}


@pytest.fixture
def world(make_world: Any) -> World:
    """Return two empty buckets, of which the destination encrypts with a key of its own where KMS is used."""
    made: World = make_world(kms_config())
    made.take_over()
    return made


def prepare(world: World, versioned: bool, fields: dict[str, Any]) -> Granted:
    if versioned:
        for name in (SOURCE, DESTINATION):
            world.bucket(name).put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
    if fields == KMS:
        rule = oss2.models.ServerSideEncryptionRule("KMS", "key-given")
        world.bucket(DESTINATION).put_bucket_encryption(rule)
    return Granted(world, **fields)


@pytest.mark.parametrize(
    ("name", "fields", "versioned", "statements", "actions"),
    [
        ("trust", PLAIN, False, 1, 1),
        ("source grant", PLAIN, False, 1, 2),
        ("destination grant", PLAIN, False, 1, 3),
        ("destination grant", DELETES, False, 1, 4),
        ("destination grant", PLAIN, True, 1, 4),
        ("kms role grant", KMS, False, 2, 3),
        ("key policy", KMS, False, 1, 2),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_part_of_a_document_is_needed(
    world: World, name: str, fields: dict[str, Any], versioned: bool, statements: int, actions: int
) -> None:
    granted = prepare(world, versioned, fields)
    whole = granted.read(name)
    # What KMS writes into the policy of a new key is not ours.
    ours = [item for item in whole["Statement"] if item.get("Sid") != "kms default key policy"]
    assert (len(ours), sum(len(_listed(item["Action"])) for item in ours)) == (statements, actions)
    foreign = [item for item in whole["Statement"] if item not in ours]

    probe = granted.begin()
    probe.write()
    assert probe.has_arrived(), "the documents as generated are not enough"

    unneeded = []
    for change, mutated in mutations({**whole, "Statement": ours}):
        probe = granted.begin()
        granted.write(name, {**mutated, "Statement": [*foreign, *mutated["Statement"]]})
        probe.write()
        if probe.has_arrived():
            unneeded.append(change)
        granted.write(name, whole)
        assert probe.has_arrived(), f"{change}: replication does not go on when the right is given back"
    assert unneeded == []


@pytest.mark.parametrize(
    ("name", "fields", "versioned"),
    [
        ("trust", PLAIN, False),
        ("source grant", PLAIN, False),
        ("destination grant", PLAIN, False),
        ("destination grant", DELETES, False),
        ("destination grant", PLAIN, True),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_rule_is_refused_without_any_part_of_a_document(
    world: World, name: str, fields: dict[str, Any], versioned: bool
) -> None:
    """KMS is not among these: nothing says that OSS looks at the key when the rule is put."""
    granted = prepare(world, versioned, fields)
    whole = granted.read(name)
    accepted = []
    for change, mutated in mutations(whole):
        granted.write(name, mutated)
        refused = granted.rule_is_refused()
        granted.write(name, whole)
        if refused:
            granted.put_rule_again()
        else:
            accepted.append(change)
    assert accepted == []
