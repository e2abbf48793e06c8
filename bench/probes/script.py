"""What a careful script does for many pairs, without Airflow and without this package's convergence: the peers.

Each pair goes through the vendor's procedure, one thing after the other: read it, write it if it is missing or differs,
read it back. In the end the script waits for every pair's history. Several pairs side by side are Terraform's model,
which makes ten calls at a time unless told otherwise.

Arguments: the local cloud's address, how many pairs at a time, and the pairs' fields as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from bench.probes.accounts import accounts_at
from bench.probes.control import counted_calls
from devstack.cloud_config import DESTINATION, SOURCE
from oss_crr.errors import OssCrrError
from oss_crr.hooks.oss import OssApi
from oss_crr.hooks.ram import RamApi
from oss_crr.model import AttachedPolicy, RuleSpec

_POLL_SECONDS = 1.0
_TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
}


def main(url: str, side_by_side: int, pairs: list[Mapping[str, Any]]) -> None:
    """Set the pairs up twice; print the seconds of each, and the cloud calls that it took."""
    _warm_up(url)
    counted_calls(url)
    first, first_calls = _seconds(url, side_by_side, pairs), counted_calls(url)
    again, again_calls = _seconds(url, side_by_side, pairs), counted_calls(url)
    print(json.dumps({"first": first, "again": again, "first_calls": first_calls, "again_calls": again_calls}))


def _warm_up(url: str) -> None:
    """Load the SDKs, which is measured elsewhere."""
    accounts = accounts_at(url)
    accounts.get("oss_source").ram.get_role(_name("none"))
    with suppress(OssCrrError):
        accounts.get("oss_source").oss(SOURCE.region).list_rules("none")


def _seconds(url: str, side_by_side: int, pairs: list[Mapping[str, Any]]) -> float:
    accounts = accounts_at(url)
    source, destination = accounts.get("oss_source"), accounts.get("oss_destination")
    script = Script(source.ram, source.oss(SOURCE.region), destination.oss(DESTINATION.region))
    started = time.perf_counter()
    with ThreadPoolExecutor(side_by_side) as pool:
        list(pool.map(script.set_up, pairs))
        list(pool.map(script.wait, pairs))
    return time.perf_counter() - started


class Script:
    """The procedure for one pair after another; several threads may use it for different pairs.

    :param ram: of the source account.
    :param source: OSS in the source's region.
    :param destination: OSS in the destination's region.
    """

    def __init__(self, ram: RamApi, source: OssApi, destination: OssApi) -> None:
        self._ram = ram
        self._source = source
        self._destination = destination

    def set_up(self, pair: Mapping[str, Any]) -> None:
        """Make role, policies and rule of a pair.

        :raises RuntimeError: what was written is not there.
        """
        role = _name(pair["source_bucket"])
        self._role(role)
        self._policy(role, _source_policy(pair["source_bucket"]))
        self._attachment(role)
        self._bucket_policy(pair["destination_bucket"], _destination_statement(role, pair["destination_bucket"]))
        self._rule(role, pair)

    def wait(self, pair: Mapping[str, Any]) -> None:
        """Wait until a pair's history is complete."""
        while True:
            progress = self._source.progress(pair["source_bucket"], _rule_id(pair))
            if progress is not None and progress.history == 1:
                return
            time.sleep(_POLL_SECONDS)

    def _role(self, name: str) -> None:
        if self._ram.get_role(name) is None:
            self._ram.create_role(name, json.dumps(_TRUST), "made by a script")
            _require(self._ram.get_role(name) is not None, name)

    def _policy(self, name: str, document: Mapping[str, Any]) -> None:
        found = self._ram.get_policy(name, "Custom")
        if found is None:
            self._ram.create_policy(name, json.dumps(document), "made by a script")
            found = self._ram.get_policy(name, "Custom")
        _require(found is not None and json.loads(found.document) == document, name)

    def _attachment(self, role: str) -> None:
        wanted = AttachedPolicy(role, "Custom")
        if wanted not in (self._ram.list_policies_for_role(role) or ()):
            self._ram.attach_policy(role, role)
            _require(wanted in (self._ram.list_policies_for_role(role) or ()), role)

    def _bucket_policy(self, bucket: str, statement: Mapping[str, Any]) -> None:
        document = json.loads(self._destination.get_bucket_policy(bucket) or '{"Version": "1", "Statement": []}')
        if statement not in document["Statement"]:
            document["Statement"].append(statement)
            self._destination.put_bucket_policy(bucket, json.dumps(document))
            read_back = json.loads(self._destination.get_bucket_policy(bucket) or "{}")
            _require(statement in read_back.get("Statement", ()), bucket)

    def _rule(self, role: str, pair: Mapping[str, Any]) -> None:
        bucket, rule_id = pair["source_bucket"], _rule_id(pair)
        if not any(rule.id == rule_id for rule in self._source.list_rules(bucket)):
            self._source.put_rule(bucket, _rule_spec(rule_id, role, pair))
            _require(any(rule.id == rule_id for rule in self._source.list_rules(bucket)), rule_id)


def _rule_id(pair: Mapping[str, Any]) -> str:
    return _name(pair["source_bucket"])


def _name(bucket: str) -> str:
    """A name of the kind that the callers of the benchmark may make."""
    return f"oss-crr-script-{bucket}"


def _rule_spec(rule_id: str, role: str, pair: Mapping[str, Any]) -> RuleSpec:
    return RuleSpec(
        id=rule_id,
        destination_bucket=pair["destination_bucket"],
        destination_region=DESTINATION.region,
        actions=("PUT",),
        prefixes=(),
        historical_data=True,
        transfer_type="internal",
        role_name=role,
    )


def _source_policy(bucket: str) -> dict[str, Any]:
    resources = [f"acs:oss:*:*:{bucket}", f"acs:oss:*:*:{bucket}/*"]
    actions = ["oss:ReplicateList", "oss:ReplicateGet"]
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}


def _destination_statement(role: str, bucket: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"],
        "Principal": [f"arn:sts::{SOURCE.uid}:assumed-role/{role}/*"],
        "Resource": [f"acs:oss:*:{DESTINATION.uid}:{bucket}", f"acs:oss:*:{DESTINATION.uid}:{bucket}/*"],
    }


def _require(there: bool, what: str) -> None:
    if not there:
        raise RuntimeError(f"{what}: written, but read back without effect")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.load(sys.stdin))
