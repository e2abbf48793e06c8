"""The demo with one pair: set it up, break it behind Airflow's back, find that out, repair it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from devstack import cloud_config
from devstack.cloud_config import DESTINATION, PAIR_NAME, SOURCE, setup_conf
from devstack.display import finding_text, repair_text, report_text
from devstack.errors import NotAsExpected, RunFailed
from devstack.owner import Owner
from devstack.runs import EndedRun, Runner
from devstack.settings import Settings
from devstack.stack import Stack

SETUP, VERIFY = "oss_crr_setup", "oss_crr_verify"

#: Somebody else's statement in the same policy, which has to survive everything.
_FOREIGN = {
    "Effect": "Allow",
    "Action": ["oss:GetObject"],
    "Principal": ["1234567890123456"],
    "Resource": [f"acs:oss:*:*:{DESTINATION.bucket}/public/*"],
}
_GRANT = "destination_grant"
#: A role, as the principal of a bucket policy names it.
_ROLE = re.compile(r":(?:assumed-)?role/([^/\"]+)")


def prepare(settings: Settings) -> None:
    """Write the local cloud's configuration, and the inventory."""
    cloud_config.write(settings.cloud_config)
    cloud_config.write_inventory(settings.fleet_file)


class OnePair:
    """The four steps.

    :param stack: a stack that is started.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._runner = Runner(stack)
        self._owner = Owner(DESTINATION, stack.settings.cloud_url)
        #: What has run so far.
        self.runs: list[EndedRun] = []

    def tell(self) -> None:
        """Take all steps, and show them.

        :raises NotAsExpected: a step gave something else than it should.
        :raises RunFailed: a run failed that should not, or did not end.
        """
        self._connect()
        role = self._set_up()
        removed = self._break(role)
        self._find()
        self._repair(removed)

    def _connect(self) -> None:
        for side in (SOURCE, DESTINATION):
            extra = side.connection_extra(self._stack.settings.cloud_url)
            self._runner.api.put_connection(side.connection_id, "alibaba_cloud", extra)
        for dag_id in (SETUP, VERIFY):
            self._runner.prepare(dag_id)
        if _FOREIGN not in self._owner.statements():
            self._owner.add_statement(_FOREIGN)

    def _set_up(self) -> str:
        """Set the pair up, and return the role that was granted."""
        _say(
            1,
            f"Replicate {SOURCE.bucket} ({SOURCE.region}, account {SOURCE.uid}) "
            f"to {DESTINATION.bucket} ({DESTINATION.region}, account {DESTINATION.uid}).",
        )
        run = self._run(SETUP, setup_conf(), expected="success", with_progress=True)
        report = self._runner.report(run)
        print(report_text(report, [task.task_id for task in run.tasks]), flush=True)
        _expect(report[0]["details"]["state"] == "complete", f"the pair is {report[0]['details']['state']}")
        return self._granted_role()

    def _granted_role(self) -> str:
        found = [_ROLE.search(json.dumps(statement["Principal"])) for statement in self._owner.statements()]
        roles = [match[1] for match in found if match]
        _expect(len(roles) == 1, f"{len(roles)} roles are granted in the policy of {DESTINATION.bucket}")
        return roles[0]

    def _break(self, role: str) -> list[dict[str, Any]]:
        """Remove the grant, and return what was removed."""
        _say(
            2,
            f"The owner of {DESTINATION.bucket} tidies up, and removes the statement that lets the role write there\n"
            f"   ({role}). Nothing else is touched; from now on, nothing arrives.",
        )
        removed = self._owner.remove_grants_for(role)
        _expect(len(removed) == 1, f"{len(removed)} statements were removed instead of one")
        print(f"  removed: {', '.join(removed[0]['Action'])}", flush=True)
        return removed

    def _find(self) -> None:
        _say(3, f"The hourly verification, {VERIFY}, is switched on, and finds that out.")
        run = self._ended(self._runner.run_scheduled(VERIFY), expected="failed")
        result = self._result(run)
        for finding in result["findings"]:
            print(finding_text(finding), flush=True)
        _expect(result["health"] == "broken", f"the pair is {result['health']}")
        broken = {finding["part"] for finding in result["findings"] if finding["severity"] == "broken"}
        _expect(_GRANT in broken, f"the verification does not name the grant, but {sorted(broken)}")

    def _repair(self, removed: list[dict[str, Any]]) -> None:
        _say(4, f"The same, with `repair: apply`: {VERIFY} writes what drifted, nothing else, and looks again.")
        run = self._run(VERIFY, {"pairs": [PAIR_NAME], "repair": "apply"}, expected="success")
        result = self._result(run)
        print(repair_text(result), flush=True)
        _expect(result["health"] == "healthy", f"the pair is {result['health']}")
        there = self._owner.statements()
        _expect(all(statement in there for statement in removed), "the grant is not what it was")
        _expect(_FOREIGN in there and len(there) == len(removed) + 1, "another statement of the policy was changed")
        print("  The grant is what it was before, and the other statement in that policy was not touched.", flush=True)

    def _run(self, dag_id: str, conf: Mapping[str, object], *, expected: str, with_progress: bool = False) -> EndedRun:
        return self._ended(self._runner.run(dag_id, conf, self._copied if with_progress else lambda: ""), expected)

    def _ended(self, run: EndedRun, expected: str) -> EndedRun:
        self.runs.append(run)
        if run.state != expected:
            raise RunFailed(f"The run of {run.dag_id} ended as {run.state}.\n{self._runner.failures(run)}")
        print()
        return run

    def _result(self, run: EndedRun) -> dict[str, Any]:
        """Return what a verification found out about the pair."""
        results = [result for result in self._runner.report(run) if result["pair"] == PAIR_NAME]
        _expect(len(results) == 1, f"the report has {len(results)} results for {PAIR_NAME}")
        return results[0]

    def _copied(self) -> str:
        """How much of the source bucket has arrived."""
        buckets = self._stack.cloud_control("GET", "state")["buckets"]
        there, here = buckets[DESTINATION.bucket]["objects"], buckets[SOURCE.bucket]["objects"]
        return f"({there} of {here} objects copied, {there / max(here, 1):.0%})"


def _say(number: int, text: str) -> None:
    print(f"\n{number}. {text}\n", flush=True)


def _expect(as_expected: bool, otherwise: str) -> None:
    if not as_expected:
        raise NotAsExpected(f"Not as expected: {otherwise}.")
