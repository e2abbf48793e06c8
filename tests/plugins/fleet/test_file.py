"""What an inventory may say, and how everything that is wrong with it is told."""

from __future__ import annotations

import os
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oss_crr.errors import InventoryError, PermanentError
from oss_crr.fleet import file
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.fleet.file import FLEET_FILE_VARIABLE, fleet_file, load_fleet, parse_fleet
from tests.plugins.fleet.inventories import PATH, REGIONS, inventory, problems_in

SAMPLE = Path(__file__).parents[3] / "include" / "fleet.yaml"


# --- right inventories -----------------------------------------------------------------------------------------------


def test_a_pair_takes_what_it_does_not_say_from_the_defaults() -> None:
    text = dedent("""\
        defaults:
          source_region: cn-hangzhou
          destination_region: cn-beijing
          destination_uid: 1234567890123456
          rtc: true
          verify: {max_lag_minutes: 30, compare: false}
        pairs:
          - name: logs
            source_bucket: src
            destination_bucket: dst
            rtc: false
            verify:
              compare: true
        """)
    (entry,) = parse_fleet(text, PATH).entries
    assert (entry.name, entry.line) == ("logs", 8)
    assert (entry.pair.destination_region, entry.pair.destination_uid) == ("cn-beijing", "1234567890123456")
    assert not entry.pair.rtc
    assert entry.verify == VerifySettings(max_lag_minutes=30, compare=True)
    assert FleetEntry.from_dict(entry.to_dict()) == entry


def test_null_takes_a_default_back() -> None:
    (entry,) = inventory(
        {"role_name": None, "destination_conn_id": None, "destination_uid": "12345"}, role_name="all"
    ).entries
    assert entry.pair.role_name == ""
    assert not entry.pair.manages_destination


def test_anchors_and_merge_keys_work() -> None:
    text = dedent("""\
        pairs:
          - &first
            name: one
            source_bucket: src
            source_region: cn-hangzhou
            destination_bucket: dst-1
            destination_region: cn-beijing
          - <<: *first
            name: two
            destination_bucket: dst-2
        """)
    one, two = parse_fleet(text, PATH).entries
    assert (two.name, two.pair.source_bucket, two.pair.destination_bucket) == ("two", "src", "dst-2")
    assert one.pair.destination_bucket == "dst-1"


@pytest.mark.parametrize("text", ["", "pairs:", "pairs: []", "defaults:\npairs:", "# nothing\n"])
def test_an_inventory_may_be_empty(text: str) -> None:
    assert parse_fleet(text, PATH).entries == ()


def test_the_sample_is_in_order() -> None:
    fleet = load_fleet(SAMPLE)
    assert fleet.warnings == ()


def test_the_example_in_the_sample_is_in_order() -> None:
    lines = SAMPLE.read_text().splitlines()
    start = lines.index("pairs: []")
    example = "pairs:\n" + "\n".join(line.removeprefix("#") for line in lines[start + 1 :])
    assert parse_fleet(example, SAMPLE).names == ["logs", "invoices"]


def test_names_may_be_written_in_any_script() -> None:
    assert inventory({"name": "日志 备份"}, {"name": "Журналы/2026 (a)"}).names == ["日志 备份", "Журналы/2026 (a)"]


# --- what is wrong, each with its line -------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = dedent("""\
        defaults:
          source_region: cn-hangzhou
          destination_region: cn-beijing
          verify: {max_lag_minutes: -1}
        pears: []
        pairs:
          - name: a
            sorce_bucket: src
            destination_bucket: dst
            rtc: yes please
          - source_bucket: src
            destination_bucket: dst
            destination_region: cn-hangzhou
          - just text
        """)
    assert [line.split(";")[0] for line in problems_in(text)] == [
        ":4: defaults.verify.max_lag_minutes: must be a number of minutes above 0, is -1",
        ":5: pears: unknown section",
        ":7: a, source_bucket: is required",
        ":8: a, sorce_bucket: unknown field",
        ":10: a, rtc: must be true or false, is 'yes please'",
        ":11: pair 2, name: is required: it is what the form and every report show",
        ":13: pair 2, destination_region: is the source region",
        ":14: pair 3: must be a mapping of fields",
    ]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("sorce_region", "did you mean 'source_region'?"),
        ("prefix", "did you mean 'prefixes'?"),
        ("plan_only", "is chosen when a run is started"),
        ("label", "is called name here"),
        ("zzz", "known are destination_bucket, "),
    ],
)
def test_an_unknown_field_is_named_with_the_nearest_known_one(key: str, hint: str) -> None:
    (problem,) = problems_in(pair_text(**{key: "x"}))
    assert key in problem
    assert hint in problem


def test_an_unknown_field_of_verify_is_named_too() -> None:
    assert problems_in(pair_text(verify={"canari": True})) == [
        ":2: one, verify.canari: unknown field; did you mean 'canary'?"
    ]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("max_lag_minutes", 0, "above 0"),
        ("max_lag_minutes", True, "above 0"),
        ("max_lag_minutes", float("inf"), "above 0"),
        ("canary", "no", "must be true or false"),
        ("compare", 1, "must be true or false"),
        ("canary_prefix", "/x", "begins with a slash"),
        ("canary_prefix", 3, "must be text"),
        ("canary_prefix", "x" * 600, "no room"),
    ],
)
def test_fields_of_verify_are_checked(field: str, value: object, problem: str) -> None:
    (found,) = problems_in(pair_text(verify={field: value}))
    assert f"one, verify.{field}: " in found
    assert problem in found


def test_test_objects_must_lie_where_objects_are_replicated() -> None:
    (found,) = problems_in(pair_text(prefixes=["logs/"], verify={"canary_prefix": "other/"}))
    assert "lies outside of the pair's prefixes" in found
    inventory({"prefixes": ["logs/"], "verify": {"canary_prefix": "logs/canary/"}})
    inventory({"prefixes": ["logs/"], "verify": {"canary_prefix": "other/", "canary": False}})


def test_a_wrong_default_is_told_once() -> None:
    text = yaml.safe_dump({"defaults": {**REGIONS, "source_region": "cn-nowhere"}, "pairs": [_pair(1), _pair(2)]})
    (problem,) = problems_in(text)
    assert "defaults.source_region: unknown region 'cn-nowhere'" in problem


def test_a_default_that_contradicts_a_pair_is_told_where_the_default_is() -> None:
    text = "defaults:\n  rtc: true\npairs:\n  - {name: one, " + _flow(destination_region="eu-west-1") + "}\n"
    (problem,) = problems_in(text)
    assert problem.startswith(":2: one, rtc: replication time control is not offered")
    assert problem.endswith("(from the defaults)")


@pytest.mark.parametrize("field", ["name", "source_bucket"])
def test_what_tells_pairs_apart_is_no_default(field: str) -> None:
    (problem,) = problems_in(f"defaults: {{{field}: x}}")
    assert f":1: defaults.{field}: must not be a default" in problem


@pytest.mark.parametrize("name", ["a*", "[a]", "a?", "a\nb", "-a", "a.", "x" * 101, "a, b"])
def test_names_that_would_be_patterns_or_break_a_table_are_refused(name: str) -> None:
    (problem,) = problems_in(pair_text(name=name))
    assert "name: " in problem
    assert "is no name" in problem


def test_a_name_that_yaml_takes_for_something_else_is_refused() -> None:
    (problem,) = problems_in("pairs:\n  - {name: 2026-01-01, " + _flow() + "}\n")
    assert "name: must be text, is datetime.date(2026, 1, 1): put it in quotes" in problem


def test_a_field_given_twice_is_refused() -> None:
    text = "pairs:\n  - name: one\n    rtc: true\n    rtc: false\n" + _block()
    assert problems_in(text) == [":4: one, rtc: is given twice, first in line 3: leave one of them out"]


@pytest.mark.parametrize("section", ["pairs", "defaults"])
def test_a_section_given_twice_is_refused(section: str) -> None:
    assert problems_in(f"{section}:\n{section}:\n") == [
        f":2: {section}: is given twice, first in line 1: leave one of them out"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pairs: [", "is not YAML"),
        ("- 1", ":1: must be a mapping of fields"),
        ("pairs: 3", ":1: pairs: must be a list"),
        ("pairs: {a: b}", ":1: pairs: must be a list"),
        ("defaults: [a]", ":1: defaults: must be a mapping of fields"),
        ("a: 1\n---\nb: 1", ":2: is not YAML: expected a single document"),
        ("pairs: *unknown", "undefined alias"),
        ("pairs: !!python/object:os.system x", "must be a list"),
        ("defaults: {rtc: !!python/name:os.system }", "cannot be read"),
        ("pairs: \x00", "is not YAML"),
        ("pairs: &a\n  - <<: *a", "<<: must name a mapping"),
        ("defaults: &a\n  <<: *a", "<<: must name a mapping"),
    ],
)
def test_what_is_no_inventory_is_refused(text: str, problem: str) -> None:
    assert problem in "\n".join(problems_in(text))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_fleet(text, PATH)
    except InventoryError as error:
        told = error.lines
    else:
        return
    assert told


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("cn-hangzhou")
_MAPPINGS = st.dictionaries(
    st.sampled_from(["name", "source_bucket", "destination_bucket", "prefixes", "rtc", "verify", "x"]),
    _SCALARS | st.lists(_SCALARS, max_size=3) | st.dictionaries(st.text(max_size=5), _SCALARS, max_size=3),
)


@given(st.fixed_dictionaries({"defaults": _MAPPINGS, "pairs": st.lists(_MAPPINGS | _SCALARS, max_size=3)}))
def test_any_data_is_read_or_refused_with_lines(data: dict[str, Any]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    lines = len(text.splitlines())
    try:
        parse_fleet(text, PATH)
    except InventoryError as error:
        told = error.lines
    else:
        return
    numbers = [int(line.removeprefix(f"{PATH}:").split(":")[0]) for line in told]
    assert all(1 <= number <= lines for number in numbers)


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_file_is_beside_the_plugins_or_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FLEET_FILE_VARIABLE, raising=False)
    assert fleet_file() == SAMPLE
    monkeypatch.setenv(FLEET_FILE_VARIABLE, "/elsewhere/pairs.yaml")
    assert fleet_file() == Path("/elsewhere/pairs.yaml")


def test_a_file_that_is_missing_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=rf"does not exist: create it .* {FLEET_FILE_VARIABLE}"):
        load_fleet(tmp_path / "fleet.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InventoryError, match="cannot be read"):
        load_fleet(tmp_path / "fleet.yaml")
    with pytest.raises(InventoryError, match="cannot be read"):
        load_fleet(tmp_path)


def test_a_retry_does_not_mend_an_inventory() -> None:
    assert issubclass(InventoryError, PermanentError)


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(pair_text())
    first = load_fleet(path)
    monkeypatch.setattr(file, "parse_fleet", None)
    assert load_fleet(path) is first
    monkeypatch.undo()
    path.write_text(pair_text(name="two"))
    os.utime(path, (1, 1))
    assert load_fleet(path).names == ["two"]


def test_a_thousand_pairs_are_read_in_well_under_a_second() -> None:
    text = yaml.safe_dump({"defaults": REGIONS, "pairs": [{**_pair(n), "prefixes": ["a/"]} for n in range(1000)]})
    began = time.process_time()
    fleet = parse_fleet(text, PATH)
    assert time.process_time() - began < 1.0
    assert len(fleet.entries) == 1000


def _pair(number: int) -> dict[str, Any]:
    return {
        "name": f"pair-{number}",
        "source_bucket": f"src-{number}",
        "destination_bucket": f"dst-{number}",
    }


def pair_text(**fields: Any) -> str:
    """Return an inventory of one pair, on line 2."""
    pair = {"name": "one", "source_bucket": "src", "destination_bucket": "dst", **REGIONS, **fields}
    flow = yaml.safe_dump(pair, default_flow_style=True, allow_unicode=True, width=10_000)
    return f"pairs:\n  - {flow}"


def _flow(**fields: Any) -> str:
    pair = {"source_bucket": "src", "destination_bucket": "dst", **REGIONS, **fields}
    return ", ".join(f"{key}: {value}" for key, value in pair.items())


def _block() -> str:
    return "".join(f"    {part}\n" for part in _flow().split(", "))
