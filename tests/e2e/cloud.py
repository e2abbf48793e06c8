"""What a test does to the local cloud: look, inject faults, and act as the accounts' administrator by the real SDKs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import oss2
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.utils_models import Config

from devstack.stack import Stack
from tests.e2e.world import USER, Json, Pair, Side, canary_rights, documented_rights

#: The policy of a user as the local cloud names it when it comes from the configuration.
_USER_POLICY = f"{USER}-1"
#: Verification lists both buckets, and waiting polls: neither counts as setting up.
_LISTING = frozenset({"ListObjectsV2", "ListObjects"})
_WAITING = frozenset({"GetBucketReplicationProgress"})


class Calls:
    """The calls that the users of a pair's accounts have made.

    :param counts: number by product, action and ``read`` or ``write``.
    """

    def __init__(self, counts: dict[tuple[str, str, str], int]) -> None:
        self.counts = counts

    def __sub__(self, earlier: Calls) -> Calls:
        return Calls({key: count - earlier.counts.get(key, 0) for key, count in self.counts.items()})

    def writes(self) -> dict[str, int]:
        """Writing calls by action."""
        return {action: count for (_, action, access), count in self.counts.items() if access == "write" and count}

    def actions(self) -> dict[str, int]:
        """All calls by action."""
        return {action: count for (_, action, _), count in self.counts.items() if count}

    @property
    def besides_listing_and_waiting(self) -> int:
        """How many calls were made for something else than listing objects and polling the progress."""
        return sum(count for action, count in self.actions().items() if action not in _LISTING | _WAITING)


class LocalCloud:
    """The local cloud of the running stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.url = stack.settings.cloud_url

    # --- control -----------------------------------------------------------------------------------------------------

    def state(self) -> Any:
        """Everything in the cloud, as plain data."""
        return self._stack.cloud_control("GET", "state")

    def bucket(self, side: Side) -> Json:
        """A bucket as the cloud has it: ``policy``, ``rules``, ``objects`` and so on."""
        found: Json = self.state()["buckets"][side.bucket]
        return found

    def fault(self, **fault: object) -> int:
        """Inject a fault.

        :param fault: see ``localcloud.faults.Fault``.
        :returns: its id.
        """
        return int(self._stack.cloud_control("POST", "faults", fault)["id"])

    def hits(self, fault_id: int) -> int:
        """How often a fault has hit."""
        faults = self._stack.cloud_control("GET", "faults")["faults"]
        return int(next(fault["hits"] for fault in faults if fault["id"] == fault_id))

    def calls(self, pair: Pair) -> Calls:
        """The calls of both accounts of a pair since the start."""
        return self.calls_of(*(side.uid for side in pair.sides))

    def calls_of(self, *uids: str) -> Calls:
        """The calls of some accounts since the start."""
        rows = self._stack.cloud_control("GET", "calls")["calls"]
        counts: dict[tuple[str, str, str], int] = {}
        for row in rows:
            if row["account"] in uids:
                key = (row["product"], row["action"], row["access"])
                counts[key] = counts.get(key, 0) + row["count"]
        return Calls(counts)

    # --- as the administrator of an account --------------------------------------------------------------------------

    def bucket_client(self, side: Side) -> oss2.Bucket:
        """The vendor's client of an account's bucket, with the account's own key."""
        auth = oss2.ProviderAuthV4(oss2.StaticCredentialsProvider(*side.root_key))
        return oss2.Bucket(auth, self.url, side.bucket, region=side.region)

    def take_right(self, side: Side, action: str) -> None:
        """Take one action out of the policy of an account's user."""
        policy = documented_rights(side.name)
        for statement in policy["Statement"]:
            statement["Action"] = [known for known in statement["Action"] if known != action]
        self._set_rights(side, policy)

    def give_rights_back(self, side: Side) -> None:
        """Give an account's user the documented rights."""
        self._set_rights(side, documented_rights(side.name))

    def create_role(self, side: Side, name: str, trust_policy: Json, policies: Sequence[str]) -> str:
        """Create a role.

        :param policies: names of custom policies to attach.
        :returns: its ARN.
        """
        client = self._ram(side)
        request = models.CreateRoleRequest(role_name=name, assume_role_policy_document=json.dumps(trust_policy))
        arn: str = client.create_role(request).body.role.arn
        for policy in policies:
            client.attach_policy_to_role(
                models.AttachPolicyToRoleRequest(role_name=name, policy_name=policy, policy_type="Custom")
            )
        return arn

    def allow(self, side: Side, name: str, action: str, resource: str) -> None:
        """Give an account's user a right by a policy of its own."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "1", "Statement": [statement]})
        client = self._ram(side)
        client.create_policy(models.CreatePolicyRequest(policy_name=name, policy_document=document))
        client.attach_policy_to_user(
            models.AttachPolicyToUserRequest(user_name=USER, policy_name=name, policy_type="Custom")
        )

    def allow_canaries(self, side: Side) -> None:
        """Give an account's user the documented rights to send test objects, by a policy of its own."""
        client = self._ram(side)
        document = canary_rights(side.name)
        client.create_policy(models.CreatePolicyRequest(policy_name="canaries", policy_document=json.dumps(document)))
        client.attach_policy_to_user(
            models.AttachPolicyToUserRequest(user_name=USER, policy_name="canaries", policy_type="Custom")
        )

    def replication(self, side: Side, **trouble: object) -> None:
        """Make replication from a bucket go wrong, or right again.

        :param trouble: see ``docs/localcloud.md``.
        """
        self._stack.cloud_control("POST", "replication", {"rule": side.bucket, **trouble})

    def assume_role(self, side: Side, role_arn: str) -> tuple[str, str, str]:
        """Assume a role as an account's user.

        :returns: access key id, access key secret and security token.
        """
        client = StsClient(self._config(side.key))
        request = sts_models.AssumeRoleRequest(role_arn=role_arn, role_session_name="somebody")
        credentials = client.assume_role(request).body.credentials
        return credentials.access_key_id, credentials.access_key_secret, credentials.security_token

    def _set_rights(self, side: Side, policy: Json) -> None:
        request = models.CreatePolicyVersionRequest(
            policy_name=_USER_POLICY,
            policy_document=json.dumps(policy),
            set_as_default=True,
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        )
        self._ram(side).create_policy_version(request)

    def _ram(self, side: Side) -> RamClient:
        return RamClient(self._config(side.root_key))

    def _config(self, key: tuple[str, str]) -> Config:
        endpoint = self.url.removeprefix("http://")
        return Config(access_key_id=key[0], access_key_secret=key[1], endpoint=endpoint, protocol="HTTP")
