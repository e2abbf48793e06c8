"""``docs/deployment.md``: its arithmetic is that of the code, and what it names exists."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
import yaml
from airflow.sdk import DAG

from devstack.settings import CHECKOUT
from oss_crr import policy
from oss_crr.errors import PolicyError
from oss_crr.fleet.batches import MAX_BATCHES, usual_size
from oss_crr.parallel import DEFAULT_THREADS
from oss_crr.pipeline import replication_pipeline
from oss_crr.resources.role_grant import MAX_POLICIES
from oss_crr.triggers.turns import POLLS_PER_SECOND

PAGE = (CHECKOUT / "docs/deployment.md").read_text(encoding="utf-8")
COMPOSE = (CHECKOUT / "docker-compose.yaml").read_text(encoding="utf-8")
PAIRS = 10_000


def as_many_as_fit(add: Callable[[policy.Document | None, int], policy.Document]) -> tuple[int, policy.Document]:
    """Add grants to a document until it is full; return how many fit, and the document."""
    document = add(None, 0)
    for count in range(1, PAIRS):
        try:
            document = add(document, count)
        except PolicyError:
            return count, document
    raise AssertionError("the document is never full")


def with_source(document: policy.Document | None, number: int) -> policy.Document:
    """Let the role read a source bucket with a name of 32 characters."""
    grant = policy.render_grant("source_grant", source_bucket=f"{number:032}")
    merged = policy.merge(document, grant, "Resource")
    policy.check_ram_policy_size(merged)
    return merged


def with_role(document: policy.Document | None, number: int) -> policy.Document:
    """Let a role with a name of 29 characters write to a destination bucket with one of 32."""
    grant = policy.render_grant(
        "destination_grant",
        source_uid="1" * 16,
        role_name=f"oss-crr-{number:021}",
        destination_uid="2" * 16,
        destination_bucket="d" * 32,
        with_deletes=False,
    )
    merged = policy.merge(document, grant, "Principal", max_element_bytes=policy.BUCKET_POLICY_ELEMENT_BYTES)
    policy.check_bucket_policy_size(merged)
    return merged


def row(name: str) -> str:
    """Return a row of the page's tables by its first cell."""
    (found,) = re.findall(rf"^\| {re.escape(name)} \|.*$", PAGE, re.MULTILINE)
    return str(found)


def test_pairs_that_share_a_role() -> None:
    buckets, _ = as_many_as_fit(with_source)
    pairs = buckets * MAX_POLICIES
    found = row("pairs of a shared role")
    assert f"holds {buckets} source buckets" in found
    assert (
        f"{pairs} pairs a role, so {math.ceil(PAIRS / pairs)} roles and {math.ceil(PAIRS / buckets)} policies" in found
    )


def test_roles_of_a_destination_bucket() -> None:
    roles, document = as_many_as_fit(with_role)
    assert f"{roles} roles with names of 29 characters, in {len(document['Statement'])} statements" in row(
        "bucket policy"
    )


def test_batches_and_polls() -> None:
    assert f"at most {MAX_BATCHES:,}" in row("batches")
    usual = usual_size(PAIRS)
    least = math.ceil(PAIRS / MAX_BATCHES)
    assert f"`batch_size` at least {least}; left empty {usual}, so {PAIRS // usual} batches" in row("batches")
    assert f"one a batch: {PAIRS // usual} of" in row("triggers")
    assert f"{POLLS_PER_SECOND:.0f} rules a second" in row("polling")
    assert f"takes {PAIRS / POLLS_PER_SECOND:.0f} s" in row("polling")
    assert f"32 tasks × {DEFAULT_THREADS} threads" in row("latency")
    assert f"{PAIRS * 20 * 0.1 / (32 * DEFAULT_THREADS):.0f} s" in row("latency")


def test_task_instances() -> None:
    with DAG(dag_id="dag", schedule=None) as dag:
        replication_pipeline([])
    batches, steps = PAIRS // usual_size(PAIRS), len(dag.task_dict)
    assert f"{batches} batches × {steps} steps | {batches * steps:,} in a run" in row("task instances")


@pytest.mark.parametrize(
    ("option", "seconds"),
    [
        ("SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT", 60),
        ("SCHEDULER__TASK_QUEUED_TIMEOUT", 300),
        ("CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT", 6 * 60 * 60),
    ],
)
def test_what_compose_sets_is_what_the_page_says(option: str, seconds: int) -> None:
    assert f'AIRFLOW__{option}: "{seconds}"' in COMPOSE
    assert f"`{option.rpartition('__')[2].lower()}`" in PAGE.replace("scheduler.", "")


def test_files_that_the_page_points_to_exist() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", PAGE):
        assert (CHECKOUT / "docs" / target).exists(), target


def test_sections_that_the_page_points_to_exist() -> None:
    titles = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_the_values_for_the_chart_are_yaml() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    values = yaml.safe_load(text)
    assert yaml.safe_load(values["extraEnv"])[0]["name"] == "OSS_CRR_FLEET_FILE"
    assert values["airflowLocalSettings"] is None
