"""The images: Docker's rules are kept, and what is installed is pinned and enough."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devstack.settings import CHECKOUT
from tests.compose.conftest import PROGRAMS

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
IMAGES = {
    "airflow": ["requirements.txt", "requirements-cluster.txt"],
    "localcloud": ["requirements-localcloud.txt", "requirements-tryout.txt"],
}
#: Makes some packages of this environment impossible to import, as where they are not installed.
WITHOUT = """
import importlib.abc, json, sys
missing = set(json.loads(sys.argv[1]))
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""


def requirements(names: list[str]) -> list[Requirement]:
    """Read requirement files."""
    lines = [line for name in names for line in (CHECKOUT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def everything_installed_by(names: list[str]) -> set[str]:
    """Return what requirement files install, with all that it needs in turn."""
    found: set[str] = set()
    todo = requirements(names)
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        found.add(name)
        needs = [Requirement(text) for text in metadata.requires(name) or []]
        extras = [*wanted.extras, ""]
        todo += [need for need in needs if not need.marker or any(need.marker.evaluate({"extra": e}) for e in extras)]
    return found


def test_the_dockerfile_follows_dockers_rules() -> None:
    result = subprocess.run(
        [PROGRAMS / "hadolint", "--no-color", CHECKOUT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_the_image_has_the_airflow_that_is_required() -> None:
    (airflow,) = (found for found in requirements(["requirements.txt"]) if found.name == "apache-airflow")
    assert f"FROM apache/airflow:slim-{str(airflow.specifier).removeprefix('==')}-python3.11 AS airflow" in DOCKERFILE


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    allowed = re.findall(r"^!(.+)$", (CHECKOUT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    lines = re.findall(r"^COPY (?:--chown=\S+ )?(.+)$", DOCKERFILE, re.MULTILINE)
    copied = [source for line in lines for source in line.split()[:-1]]
    assert copied
    for source in copied:
        assert (CHECKOUT / source).exists(), source
        assert any(Path(source).parts[0] == name or Path(source).match(name) for name in allowed), source


@pytest.mark.parametrize("image", IMAGES)
def test_all_that_is_installed_is_pinned(image: str) -> None:
    pinned = {canonicalize_name(found.name) for found in requirements(["constraints.txt"])}
    assert everything_installed_by(IMAGES[image]) <= pinned
    stage = DOCKERFILE.partition(f" AS {image}\n")[2].partition("FROM ")[0]
    assert re.findall(r"--requirement /tmp/requirements/(\S+)", stage) == IMAGES[image]
    assert "--constraint /tmp/requirements/constraints.txt" in stage


@pytest.mark.parametrize(
    ("image", "modules", "paths"),
    [
        ("localcloud", ["localcloud.__main__", "devstack.cloud_config", "devstack.tryout"], ["."]),
        (
            "airflow",
            [
                "oss_crr.pipeline",
                "oss_crr.hooks.account",
                "airflow.providers.celery.executors.celery_executor",
                "psycopg2",
                "asyncpg",
                "oss2",
                "alibabacloud_ram20150501.client",
                "alibabacloud_kms20160120.client",
            ],
            ["plugins"],
        ),
    ],
)
def test_an_image_has_what_its_programs_import(
    image: str, modules: list[str], paths: list[str], tmp_path: Path
) -> None:
    installed = everything_installed_by(IMAGES[image])
    missing = [
        name
        for name, owners in metadata.packages_distributions().items()
        if not installed & {canonicalize_name(owner) for owner in owners}
    ]
    result = subprocess.run(
        [sys.executable, "-c", f"{WITHOUT}\nimport {', '.join(modules)}", json.dumps(missing)],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": ":".join(paths)},
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_the_local_cloud_starts_as_the_image_starts_it(tmp_path: Path) -> None:
    *_, command = re.findall(r"^CMD (\[.*?\])", DOCKERFILE, re.MULTILINE | re.DOTALL)
    subprocess.run([sys.executable, "-m", "devstack.cloud_config", tmp_path / "cloud.yaml"], cwd=CHECKOUT, check=True)
    moved = {"/home/localcloud/cloud.yaml": tmp_path / "cloud.yaml", "/srv/state/cloud.state": tmp_path / "cloud.state"}
    arguments = [str(moved.get(part, part)) for part in json.loads(command.replace("\\\n", ""))]
    with subprocess.Popen(
        [sys.executable, "-m", *arguments, "--port", "0"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as cloud:
        try:
            assert cloud.stdout
            assert cloud.stdout.readline().startswith("local cloud ready on http://0.0.0.0:")
        finally:
            cloud.terminate()
    assert cloud.returncode == 0
