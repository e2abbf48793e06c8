"""The demo with a fleet: set fifty pairs up in one run, and check the report in every row."""

from __future__ import annotations

from devstack.display import fleet_table
from devstack.errors import NotAsExpected
from devstack.fleet_checks import wrong_rows
from devstack.fleet_world import ACCOUNTS, FleetWorld
from devstack.runs import EndedRun, Runner
from devstack.stack import Stack

FLEET, VERIFY = "oss_crr_fleet", "oss_crr_verify"
_BATCH_SIZE = 10


class FleetDemo:
    """Runs the fleet.

    :param stack: a stack that is started.
    :param world: the fleet.
    """

    def __init__(self, stack: Stack, world: FleetWorld) -> None:
        self._stack = stack
        self._world = world
        self._runner = Runner(stack)
        #: What has run so far.
        self.runs: list[EndedRun] = []

    def tell(self) -> None:
        """Set the fleet up, show its report, and check it.

        :raises NotAsExpected: a row of the report is wrong.
        :raises RunFailed: the run did not end.
        """
        for account in ACCOUNTS:
            extra = account.connection_extra(self._stack.settings.cloud_url)
            self._runner.api.put_connection(account.connection_id, "alibaba_cloud", extra)
        # A demo of one pair may have left the verification on, which would look at pairs that are being set up.
        for dag_id in (FLEET, VERIFY):
            self._runner.prepare(dag_id)
        pairs, buckets = self._world.pairs, self._world.buckets
        broken = [pair for pair in pairs if pair.broken]
        print(
            f"{len(pairs)} pairs of {len(buckets)} buckets in {len(ACCOUNTS)} accounts: many into one bucket, one\n"
            "into many, one role for many, one key for many, both ways, and on their own. One cannot succeed: the\n"
            f"source bucket of {broken[0].name} does not exist.\n"
        )
        run = self._runner.run(FLEET, {"batch_size": _BATCH_SIZE}, self._copied)
        self.runs.append(run)
        rows = self._runner.report(run)
        print(f"\n{fleet_table(rows)}\n")
        self._check(run, rows)

    def _check(self, run: EndedRun, rows: list[dict[str, object]]) -> None:
        wrong = wrong_rows(self._world.pairs, rows, self._cloud_buckets())
        if wrong:
            raise NotAsExpected("\n".join(["The report is wrong:", *(f"  {line}" for line in wrong)]))
        if run.state != "failed":
            raise NotAsExpected(f"The run ended as {run.state}, although a pair failed.")
        print(
            f"Every row is right: {len(rows) - 1} pairs are complete, and the one that cannot succeed failed, with\n"
            "its cause. So the run counts as failed; after a repair, clear its failed tasks or start it again."
        )

    def _cloud_buckets(self) -> dict[str, dict[str, object]]:
        buckets: dict[str, dict[str, object]] = self._stack.cloud_control("GET", "state")["buckets"]
        return buckets

    def _copied(self) -> str:
        """How many objects have arrived."""
        buckets = self._stack.cloud_control("GET", "state")["buckets"]
        total = sum(bucket["objects"] for bucket in buckets.values())
        return f"({total - sum(bucket.objects for bucket in self._world.buckets)} objects copied)"
