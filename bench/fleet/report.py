"""The results of a fleet's measurements as a page of tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from bench.world import Json

#: RAM's quota of writes for each API: a fleet with a role for each pair makes one call of each API a pair.
_RAM_WRITES_PER_SECOND = 20


def render(results: Json) -> str:
    """Return the results as Markdown; what was not measured is left out."""
    parts = [_head(results["machine"]), _times(results["scenarios"]), _costs(results["scenarios"])]
    quotas = [row for row in results["scenarios"] if row["quotas"]]
    if quotas:
        parts.append(_quotas(quotas))
    parts.append(_memory(results["scenarios"]))
    for key, section in (("waiting", _waiting), ("inventory", _inventory), ("verification", _verification)):
        if key in results:
            parts.append(section(results[key]))
    if "comparison" in results:
        parts.append(_comparison(results["comparison"]))
    if "notes" in results:
        parts.append(_section("## Notes", results["notes"]))
    return "\n".join(parts)


def _head(machine: Json) -> str:
    prose = f"""Written by `make bench` on {machine["date"]}: {machine["cores"]} cores ({machine["processor"]}),
        {machine["memory_gb"]} GB, {machine["system"]}, Python {machine["python"]}, Airflow {machine["airflow"]} with
        LocalExecutor and PostgreSQL as the demo configures them; the local cloud and the scripts on the same machine.
        Load before the start: {machine["load"]}. What stands in a row was measured within minutes, so that ratios tell
        more than seconds."""
    return _section("# Fleets, measured", prose, "![Seconds per fleet](fleet.svg)\n")


def _section(title: str, prose: str, *more: str) -> str:
    """Return a title, a paragraph and what follows."""
    return "\n".join((f"{title}\n", fill(" ".join(prose.split()), 120) + "\n", *more))


def _times(scenarios: Sequence[Json]) -> str:
    rows = [_time_row(row) for row in scenarios]
    header = ("pairs", "condition", "this product, s", "run again, s", "ten at a time, s", "one by one, s",
              "empty tasks, s", "÷ ten at a time", "÷ one by one", "÷ empty tasks", "again ÷ first")  # fmt: skip
    prose = """"This product" is a run of `oss_crr_fleet` from its start to its end, checks before and verification
        after included. "Run again" finds everything in order. The scripts read, write what is missing and read back,
        for each pair; they check nothing before, and verify nothing after. "Ten at a time" is what Terraform does
        unless told otherwise. A time with * is scaled from a smaller number of pairs. "Empty tasks" is a run of as many
        tasks that do nothing."""
    return _section("## Seconds for a whole fleet", prose, _table(header, rows))


def _time_row(row: Json) -> tuple[str, ...]:
    first, again = row["first"]["seconds"], row["again"]["seconds"]
    beside, alone, empty = row["side_by_side"]["first"], row["one_by_one"]["first"], row["empty"]["seconds"]
    scaled = "*" if row["one_by_one"]["measured"] < row["pairs"] else ""
    ratios = [f"{first / other:.2f}" for other in (beside, alone, empty)]
    times = [_seconds(value) for value in (first, again, beside)]
    return (str(row["pairs"]), condition(row), *times, f"{_seconds(alone)}{scaled}", _seconds(empty), *ratios,
            f"{again / first:.2f}")  # fmt: skip


def condition(row: Json) -> str:
    """The condition of a scenario, for people."""
    return f"{row['latency_ms']} ms" + (", quotas" if row["quotas"] else "")


def _costs(scenarios: Sequence[Json]) -> str:
    rows = [_cost_row(row) for row in scenarios]
    header = ("pairs", "condition", "calls a pair", "besides", "again", "besides", "writes again",
              "script's calls a pair", "again", "processor s a pair", "again", "empty tasks", "tasks")  # fmt: skip
    prose = """Cloud calls include the checks before the first write; refused calls count. "Besides" leaves out the
        polls while waiting and the listing of both buckets in the end. Processor time is that of Airflow's processes,
        without the database and the local cloud."""
    return _section("## What a pair costs", prose, _table(header, rows))


def _cost_row(row: Json) -> tuple[str, ...]:
    pairs, first, again, script = row["pairs"], row["first"], row["again"], row["side_by_side"]
    calls = [f"{run[kind] / pairs:.1f}" for run in (first, again) for kind in ("calls", "besides")]
    of_script = [f"{script[kind]:.1f}" for kind in ("first_calls", "again_calls")]
    processor = [f"{run['cpu'] / pairs:.2f}" for run in (first, again, row["empty"])]
    return (str(pairs), condition(row), *calls, str(again["writes"]), *of_script, *processor, str(first["tasks"]))


def _quotas(scenarios: Sequence[Json]) -> str:
    rows = [
        (
            str(row["pairs"]),
            _seconds(row["first"]["seconds"]),
            _seconds(floor := row["pairs"] / _RAM_WRITES_PER_SECOND),
            f"{row['first']['seconds'] / floor:.2f}",
        )
        for row in scenarios
    ]
    prose = f"""With a role for each pair, RAM's quota of {_RAM_WRITES_PER_SECOND} writes a second for each API is the
        floor: no program can be faster."""
    header = ("pairs", "this product, s", "the quota's floor, s", "ratio")
    return _section("## With the quotas enforced", prose, _table(header, rows))


def _memory(scenarios: Sequence[Json]) -> str:
    largest = max(scenarios, key=lambda row: row["pairs"])
    rows = [(name, f"{peak:.0f}") for name, peak in sorted(largest["first"]["memory"].items())]
    prose = f"""The largest process of each part during a run of {largest["pairs"]} pairs; "task" is the process of a
        task."""
    return _section("## Memory", prose, _table(("process", "peak resident, MB"), rows))


def _waiting(found: Json) -> str:
    prose = f"""{found["pairs"]} pairs that wait take the triggerer {found["cores"]:.2f} of a core, at
        {found["polls_per_second"]:.0f} polls a second."""
    return _section("## Waiting", prose)


def _inventory(found: Json) -> str:
    prose = f"""With {found["pairs"]} pairs in the inventory, reading `oss_crr_fleet.py` takes {found["seconds"]:.2f} s
        of processor time in a fresh process, the loading of the package included; with one pair,
        {found["seconds_of_one"]:.2f} s."""
    return _section("## Reading the DAG file", prose)


def _verification(found: Json) -> str:
    prose = f"""{found["pairs"]} pairs at {found["latency_ms"]} ms a call, configuration and lag, without listing:
        {found["seconds"]:.1f} s with {found["reads"]:.1f} reads a pair. A script that makes {found["script_reads"]:.1f}
        reads a pair one after another takes {found["script_seconds"]:.1f} s. Ratio:
        {found["seconds"] / found["script_seconds"]:.2f}."""
    return _section("## Verifying healthy pairs", prose)


def _comparison(found: Json) -> str:
    prose = f"""{found["objects"]:,} objects on each side: {found["seconds"]:.0f} s and {found["mb"]:.0f} MB at the
        peak, of which {found["grown_mb"]:.0f} MB were not there before. Listing both sides with the vendor's SDK alone,
        one after the other, takes {found["list_seconds"]:.0f} s."""
    return _section("## Comparing large buckets", prose)


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---:"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
