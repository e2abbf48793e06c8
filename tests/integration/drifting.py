"""Pairs that are set up, and somebody who changes things behind the product's back, with SDKs or by force."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import oss2
from alibabacloud_kms20160120 import models as kms_models
from alibabacloud_kms20160120.client import Client as KmsClient
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.models import Config

from localcloud.oss.model import Bucket
from localcloud.oss.replication.model import ReplicationRule
from localcloud.ram.model import Role
from localcloud.server import LocalCloudServer
from localcloud.state import save_state
from oss_crr.outcome import Outcome
from oss_crr.policy import meaning
from oss_crr.verification.drift import DriftResult, find_drift
from oss_crr.verification.model import Finding
from oss_crr.verification.repair import repair
from tests.integration.world import DESTINATION_UID, INSTANCE, KEY_ARN, PAIR, SOURCE_UID, World, kms_config

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
OVERSEAS, STRANGER_UID = "crr-overseas", "3333333333333333"
THEIR_ROLE = "oss-crr-theirs"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}

Document = dict[str, Any]
Edit = Callable[[Document], None]


def drift_config() -> dict[str, Any]:
    """Return two accounts with what all settings need, and a third one that owns nothing."""
    config = kms_config()
    source, destination = config["accounts"]
    source["buckets"].append({"name": "crr-source-2", "region": "cn-hangzhou"})
    destination["buckets"].append({"name": OVERSEAS, "region": "ap-southeast-1"})
    destination["kms_instances"][0]["keys"].append({"id": "key-other", "alias": "alias/other"})
    stranger = {"uid": STRANGER_UID, "access_keys": [{"id": "LTAI-stranger", "secret": "stranger-secret"}]}
    return {**config, "accounts": [source, destination, stranger]}


@dataclass(frozen=True)
class Setting:
    """A pair as it is set up, and what is there before.

    :param fields: the fields of the pair, each for one pair that is set up.
    :param user: whose keys the product has; the documented users may attach no system policies.
    :param name: of settings that are used often: they are set up once, and saved.
    """

    fields: tuple[Mapping[str, Any], ...] = ({},)
    before: Callable[[Hands], None] = lambda hands: None
    user: str = "user"
    name: str = ""


#: The clouds of named settings as they are when they have been set up.
_SAVED = TemporaryDirectory(prefix="oss-crr-drift-")


class Hands:
    """Changes things in a running local cloud as people do: in the console, with SDKs, by mistake."""

    def __init__(self, server: LocalCloudServer, setting: Setting) -> None:
        saved = Path(_SAVED.name) / f"{setting.name}.state"
        # As if the cloud had been started with this state; a new one is as it was configured.
        server.runtime._begin(saved if saved.exists() else None)
        self.world = World(server, setting.user)
        self.world.take_over()
        self.cloud = server.cloud
        self.ram = RamClient(self._config("source"))
        self.kms = KmsClient(self._config("destination"))
        self.pairs = [self.world.pair(**fields) for fields in setting.fields]
        if not saved.exists():
            self._set_up(setting)
            if setting.name:
                save_state(self.cloud, saved)

    def _config(self, side: str) -> Config:
        keys = {"access_key_id": f"LTAI-{side}-root", "access_key_secret": f"{side}-root-secret"}
        return Config(endpoint=self.world.server.endpoint, protocol="HTTP", region_id="cn-beijing", **keys)

    def _set_up(self, setting: Setting) -> None:
        setting.before(self)
        for fields in setting.fields:
            outcomes = self.world.set_up(**fields)
            assert all(outcome.ok for outcome in outcomes.values()), outcomes

    # --- what the product says and does ------------------------------------------------------------------------------

    def find(self) -> list[DriftResult]:
        """Look for drift of all pairs."""
        return find_drift(self.world.accounts, self.pairs)

    def findings(self) -> list[Finding]:
        """Return all findings of all pairs."""
        return [finding for result in self.find() for finding in result.findings]

    def repair(self, *, remove_extra: bool = False) -> list[Outcome]:
        """Repair what there is to be found."""
        return repair(self.world.accounts, self.find(), remove_extra=remove_extra)

    def write_actions(self) -> set[str]:
        """Return the writing calls since counting began."""
        return {row["action"] for row in self.world.calls()["calls"] if row["access"] == "write"}

    def meaning(self) -> Any:
        """Return what is in the cloud, without what has no meaning: order, spelling, numbers of versions."""
        return _plain(self.world.state())

    # --- things ------------------------------------------------------------------------------------------------------

    @property
    def role_name(self) -> str:
        """Return the name of the first pair's role."""
        return self.pairs[0].role

    @property
    def role(self) -> Role:
        """Return the first pair's role."""
        return self.cloud.accounts[SOURCE_UID].ram.roles[self.role_name.lower()]

    @property
    def rule(self) -> ReplicationRule:
        """Return the first pair's rule."""
        return next(iter(self.cloud.buckets[self.pairs[0].source_bucket].rules.values()))

    @property
    def principal(self) -> str:
        """Return how bucket policies name the first pair's role."""
        return f"arn:sts::{SOURCE_UID}:assumed-role/{self.role_name.lower()}/*"

    def bucket(self, name: str) -> Bucket:
        """Return a bucket's state."""
        return self.cloud.buckets[name]

    @property
    def destination(self) -> str:
        """Return the name of the first pair's destination bucket."""
        return self.pairs[0].destination_bucket

    # --- RAM ---------------------------------------------------------------------------------------------------------

    def edit_trust(self, edit: Edit) -> None:
        """Change the role's trust policy."""
        document = _edited(self.role.trust_policy.current, edit)
        request = ram_models.UpdateRoleRequest(
            role_name=self.role_name, new_assume_role_policy_document=json.dumps(document)
        )
        self.ram.update_role(request)

    def policy_name(self, suffix: str) -> str:
        """Return the name of one of the product's policies."""
        return f"{self.role_name}-{suffix}"

    def edit_policy(self, suffix: str, edit: Edit) -> None:
        """Change one of the product's policies, by a new default version."""
        policy = self.cloud.accounts[SOURCE_UID].ram.policies[self.policy_name(suffix)]
        document = _edited(policy.versions[policy.default_version].document, edit)
        request = ram_models.CreatePolicyVersionRequest(
            policy_name=policy.name, policy_document=json.dumps(document), set_as_default=True
        )
        self.ram.create_policy_version(request)

    def set_default_version(self, suffix: str, version: str) -> None:
        """Make another version of one of the product's policies the default one."""
        request = ram_models.SetDefaultPolicyVersionRequest(policy_name=self.policy_name(suffix), version_id=version)
        self.ram.set_default_policy_version(request)

    def attach(self, name: str, kind: str = "System") -> None:
        """Attach a policy to the role."""
        self.ram.attach_policy_to_role(
            ram_models.AttachPolicyToRoleRequest(policy_name=name, policy_type=kind, role_name=self.role_name)
        )

    def detach(self, name: str, kind: str = "Custom") -> None:
        """Detach a policy from the role."""
        self.ram.detach_policy_from_role(
            ram_models.DetachPolicyFromRoleRequest(policy_name=name, policy_type=kind, role_name=self.role_name)
        )

    def attach_foreign(self) -> None:
        """Attach a policy of somebody else's."""
        text = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]})
        self.ram.create_policy(ram_models.CreatePolicyRequest(policy_name="theirs", policy_document=text))
        self.attach("theirs", "Custom")

    def delete_policy(self, suffix: str) -> None:
        """Detach and delete one of the product's policies."""
        self.detach(self.policy_name(suffix))
        self.ram.delete_policy(ram_models.DeletePolicyRequest(policy_name=self.policy_name(suffix)))

    def delete_role(self) -> None:
        """Detach everything from the role, and delete it."""
        for item in list(self.role.attachments.current):
            self.detach(item.policy_name, item.policy_type)
        self.ram.delete_role(ram_models.DeleteRoleRequest(role_name=self.role_name))

    def create_role(self, name: str) -> None:
        """Create a role as somebody else would."""
        trust = json.dumps({"Version": "1", "Statement": [TRUST]})
        request = ram_models.CreateRoleRequest(role_name=name, assume_role_policy_document=trust, description="theirs")
        self.ram.create_role(request)

    # --- policies of buckets and keys --------------------------------------------------------------------------------

    def edit_bucket_policy(self, name: str, edit: Edit) -> None:
        """Change a bucket's policy with OSS's SDK."""
        document = _edited(self.bucket(name).policy.current or '{"Version": "1", "Statement": []}', edit)
        self.world.bucket(name).put_bucket_policy(json.dumps(document))

    def delete_bucket_policy(self, name: str) -> None:
        """Delete a bucket's policy."""
        self.world.bucket(name).delete_bucket_policy()

    def edit_key_policy(self, edit: Edit, key: str = "key-given") -> None:
        """Change a key's policy."""
        text = self.cloud.accounts[DESTINATION_UID].kms.keys[key].policy.current
        document = _edited(text or "", edit)
        request = kms_models.SetKeyPolicyRequest(key_id=key, policy_name="default", policy=json.dumps(document))
        self.kms.set_key_policy(request)

    def statements(self, part: str) -> list[Document]:
        """Return the statements of the policy that a part is in, as they are written."""
        key = self.cloud.accounts[DESTINATION_UID].kms.keys["key-given"]
        policy = self.bucket(DESTINATION).policy if part == "destination_grant" else key.policy
        found: list[Document] = json.loads(policy.current or "")["Statement"]
        return found

    # --- rules -------------------------------------------------------------------------------------------------------

    def delete_rule(self) -> None:
        """Delete the rule with OSS's SDK; it is gone at once."""
        self.world.bucket(self.pairs[0].source_bucket).delete_bucket_replication(self.rule.id)
        self.world.replicate()

    def put_rule(self, **fields: Any) -> None:
        """Delete the rule, and put another one."""
        rule = self.rule
        self.delete_rule()
        wanted = {
            "rule_id": "by-hand",
            "target_bucket_name": rule.destination_bucket,
            "target_bucket_location": rule.destination_location,
            "prefix_list": list(rule.prefixes),
            "action_list": list(rule.actions),
            "is_enable_historical_object_replication": rule.history,
            "sync_role_name": rule.sync_role,
            **fields,
        }
        bucket = self.world.bucket(self.pairs[0].source_bucket)
        bucket.put_bucket_replication(oss2.models.ReplicationRule(**wanted))


def _edited(text: str, edit: Edit) -> Document:
    document: Document = json.loads(text)
    edit(document)
    return document


def add_statement(**statement: Any) -> Edit:
    """Return an edit that appends a statement."""
    return lambda document: document["Statement"].append(statement)


def edit_statement(number: int = 0, **elements: Any) -> Edit:
    """Return an edit that sets elements of a statement; what is a function gets the element's value as a list."""

    def edit(document: Document) -> None:
        statement = document["Statement"][number]
        for element, value in elements.items():
            statement[element] = value(_listed(statement.get(element))) if callable(value) else value

    return edit


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def without(*unwanted: str) -> Callable[[list[Any]], list[Any]]:
    """Return a function that takes items out of a list."""
    return lambda items: [item for item in items if item not in unwanted]


def plus(*more: str) -> Callable[[list[Any]], list[Any]]:
    """Return a function that puts items into a list."""
    return lambda items: [*items, *more]


def drop_statement(number: int = 0) -> Edit:
    """Return an edit that drops a statement."""
    return lambda document: document["Statement"].pop(number) and None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "Statement" in value:
            return sorted(map(meaning, value["Statement"]))
        return {key: _plain(item) for key, item in value.items() if key not in ("versions", "default_version")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


_SETTINGS: dict[str, Setting] = {
    "plain": Setting(),
    "deletes": Setting(({"replication_policy": "add_delete_change"},)),
    "prefixes": Setting(({"prefixes": ["a/", "b/"]},)),
    "rtc": Setting(({"rtc": True},)),
    "full": Setting(({"role_permissions": "AliyunOSSFullAccess"},), user="root"),
    "kms": Setting(({"replicate_kms_objects": True, "kms_key_arn": KEY_ARN},)),
    "instance": Setting(({"replicate_kms_objects": True, "kms_instance_id": INSTANCE},)),
    "kms user": Setting(
        (
            {
                "replicate_kms_objects": True,
                "kms_key_arn": KEY_ARN,
                "kms_permissions": "AliyunKMSCryptoUserAccess",
            },
        ),
        user="root",
    ),
    "overseas": Setting(({"destination_bucket": OVERSEAS, "destination_region": "ap-southeast-1"},)),
    "replace": Setting(({"on_rule_mismatch": "replace", "replicate_historical_data": False},)),
    "adopted": Setting(({"role_name": THEIR_ROLE},), lambda hands: hands.create_role(THEIR_ROLE)),
    "versioned": Setting(before=lambda hands: _version(hands)),
    "shared": Setting(
        ({"role_name": "oss-crr-Shared"}, {"role_name": "oss-crr-Shared", "source_bucket": "crr-source-2"})
    ),
}


SETTINGS = {name: replace(setting, name=name) for name, setting in _SETTINGS.items()}


def _version(hands: Hands) -> None:
    for name in (SOURCE, DESTINATION):
        hands.bucket(name).versioning = "Enabled"
