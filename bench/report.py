"""The results as a page of tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.world import Json

_HEAD = """\
# Measured

Written by `make bench` on {date}: {cores} cores ({processor}), {memory_gb} GB, {system}, Python {python},
Airflow {airflow} with LocalExecutor and PostgreSQL, the local cloud on the same machine. {load}
Seconds are medians, with smallest and largest in brackets; a ratio is the median over neighbouring runs.
"""
#: What the local cloud's other requests are compared with, see ``bench.probes.rates``.
_BASE_REQUEST = "unsigned health request"

_BESIDE = ("setup", "empty DAG", "ratio", "runs")


def render(results: Json) -> str:
    """Return the results as Markdown.

    :param results: what ``bench.__main__`` gathers.
    """
    parts = [
        _head(results["machine"]),
        _setup(results["setup"]),
        _steps(results["setup"]["plain"]),
        _calls(results["setup"]["calls"]),
        _latency(results["setup"], results["direct"]),
        _parsing(results["parsing"]),
        _memory(results["setup"]["memory"], results["local_cloud"]),
        _verification(results["verification"]),
        _local_cloud(results["local_cloud"]),
    ]
    return "\n".join(parts)


def _head(machine: Json) -> str:
    busy = machine["load"] > machine["cores"] / 2
    load = f"The machine was busy with other things (load {machine['load']} before the start)." if busy else ""
    return _HEAD.format(**{**machine, "load": load}).replace(" \n", "\n")


def _setup(setup: Json) -> str:
    kinds = {
        "first run": setup["plain"]["first"],
        "second run, nothing to change": setup["plain"]["again"],
        "first run, SDKs not preloaded": setup["not_preloaded"]["first"],
        "second run, SDKs not preloaded": setup["not_preloaded"]["again"],
    }
    seconds = _table(("seconds", *_BESIDE), [(name, *_beside(row)) for name, row in kinds.items()])
    cpu = _table(("processor seconds", *_BESIDE), [(name, *_beside(row["cpu"])) for name, row in kinds.items()])
    return f"""\
## One pair's setup, over an empty DAG of the same shape

From the run's start to its end, by Airflow's own time stamps. The empty DAG has the same {_tasks(setup)} tasks,
dependencies and trigger rules; the same tasks are skipped. Beside a first run it is deferred once, and its trigger
sleeps as long as the product's is silent at first; by then the local cloud has copied everything, so that both triggers
fire when they wake up. Beside a second run neither is deferred. "Not preloaded": the scheduler has not loaded the cloud
SDKs before it forks tasks, as on an Airflow where nobody arranged that.

{seconds}
Processor time is that of Airflow's processes and of the local cloud, without the database.

{cpu}"""


def _beside(row: Json) -> tuple[str, ...]:
    return _spread(row["product"]), _spread(row["empty"]), _spread(row["ratio"]), str(row["ratio"]["count"])


def _tasks(setup: Json) -> int:
    return len(setup["plain"]["first"]["steps"])


def _steps(plain: Json) -> str:
    first, again = plain["first"]["steps"], plain["again"]["steps"]
    rows = [
        (step, *(f"{kind[step][side]:.2f}" for kind in (first, again) for side in ("product", "empty")))
        for step in first
    ]
    table = _table(("task", "first run", "empty", "second run", "empty"), rows)
    return f"""\
## Where the time goes

Median seconds of each task, from its start to its end. Tasks that run side by side slow one another down.

{table}"""


def _calls(calls: Json) -> str:
    products = sorted({product for run in calls.values() for product in run["products"]})
    rows = [
        (name, *(_reads_and_writes(run, product) for product in products), str(run["all"]), str(run["besides"]))
        for name, run in (("first run", calls["first"]), ("second run", calls["again"]))
    ]
    header = ("reads + writes", *(product.upper() for product in products), "all", "besides listing and waiting")
    return f"""\
## Cloud calls

Verification of the 20 objects lists each bucket once.

{_table(header, rows)}"""


def _reads_and_writes(run: Json, product: str) -> str:
    found = run["products"].get(product, {"read": 0, "write": 0})
    return f"{found['read']} + {found['write']}"


def _latency(setup: Json, direct: Json) -> str:
    airflow = {"0": {kind: setup["plain"][kind]["product"] for kind in ("first", "again")}, **setup["latency"]}
    rows = [
        (
            f"{latency} ms",
            *(_spread(source[latency][kind]) for source in (airflow, direct) for kind in ("first", "again")),
        )
        for latency in airflow
    ]
    header = ("latency per call", "first run, s", "second run, s", "first, without Airflow", "second, without Airflow")
    return f"""\
## Seconds with slower cloud calls

"Without Airflow" is the same code for the same steps, one after another in one process, without the wait.

{_table(header, rows)}"""


def _parsing(parsing: Json) -> str:
    rows = [
        ("importing Airflow's DAG reader", _spread(parsing["airflow"])),
        ("reading two empty DAGs", _spread(parsing["empty"])),
        (f"reading `dags/`, which loads {parsing['modules']} more modules", _spread(parsing["product"])),
    ]
    return f"""\
## Reading the DAG files, in fresh processes

No cloud SDK is loaded by that: the benchmark ends with an error when one is.

{_table(("", "s"), rows)}"""


def _memory(memory: Json, cloud: Json) -> str:
    rows = [(name, f"{peak:.0f}", f"{memory['own'][name]:.0f}") for name, peak in memory["peaks"].items()]
    rows.append(
        (
            f"localcloud, {_number(2 * cloud['objects'])} objects, {_number(cloud['buckets'])} buckets",
            f"{cloud['mb']:.0f}",
            "",
        )
    )
    return f"""\
## Memory

The largest process of each part during a round; "own" is what it does not share with the process it was forked from.

{_table(("process", "peak resident, MB", "own, MB"), rows)}"""


def _verification(found: Json) -> str:
    objects, seconds, listing = found["objects"], found["verify"]["median"], found["list"]["median"]
    rows = [
        ("compare both buckets", f"{seconds:.2f}", _number(objects / seconds)),
        ("list both with the vendor's SDK alone", f"{listing:.2f}", _number(objects / listing)),
        ("ratio", f"{seconds / listing:.2f}", ""),
    ]
    return f"""\
## Verification

Two buckets of {_number(objects)} equal objects each. A process that has compared 20 objects before takes
{found["grown_mb"]:.1f} MB more for that than the {found["mb"]:.0f} MB it had.

{_table(("", "s", "objects a second"), rows)}"""


def _local_cloud(cloud: Json) -> str:
    base = cloud["requests"][_BASE_REQUEST]
    rows = [(name, _number(rate), f"{base / rate:.1f}") for name, rate in cloud["requests"].items()]
    copies = _number(cloud["copies_per_second"])
    contents = f"{_number(cloud['objects'])} objects and {_number(cloud['buckets'])} buckets"
    return f"""\
## The local cloud

Ready {cloud["start"]:.1f} s after its start with {contents}, {cloud["start_empty"]:.1f} s with none. It copies
{copies} objects a second. One client, one request after another, the client's own work included:

{_table(("request", "a second", "times as long"), rows)}"""


def _spread(found: Json) -> str:
    return f"{found['median']:.2f} ({found['min']:.2f}–{found['max']:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
