"""docs/localcloud.md says what is true: its configuration, its commands, its control calls and its settings."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from starlette.routing import Route

from localcloud.behaviour import Behaviour
from localcloud.control import Control
from localcloud.server import LocalCloudServer

CHECKOUT = Path(__file__).parents[2]
TEXT = (CHECKOUT / "docs" / "localcloud.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:9090"
COMMANDS = [shlex.split(line) for line in TEXT.splitlines() if line.startswith("curl ")]


def block(language: str) -> str:
    """Return the first code block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def server() -> Iterator[LocalCloudServer]:
    """Start a cloud from the configuration that the page shows."""
    with LocalCloudServer(yaml.safe_load(block("yaml"))) as running:
        yield running


def request_of(command: list[str], url: str) -> httpx.Request:
    """Return the request that a curl command of the page sends.

    :param url: the address to use in place of the page's.
    """
    _, options, target = command[0], command[1:-1], command[-1]
    data = options[options.index("-d") + 1] if "-d" in options else None
    method = options[options.index("-X") + 1] if "-X" in options else "GET" if data is None else "POST"
    return httpx.Request(method, target.replace(ADDRESS, url), content=data)


def shown(value: object) -> str:
    """Write a default as the table does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"`{value}`" if value else '`""`'
    return f"{value:g}"


def test_the_commands_work_one_after_the_other(server: LocalCloudServer) -> None:
    assert len(COMMANDS) > 10
    with httpx.Client() as client:
        for command in COMMANDS:
            assert client.send(request_of(command, server.url)).is_success, command


def test_the_python_example_works(server: LocalCloudServer) -> None:
    exec(block("python").replace(ADDRESS, server.url), {})  # noqa: S102 - the page's own code


def test_every_control_call_has_an_example(server: LocalCloudServer) -> None:
    shown_paths = {re.sub(r"\d+$", "{fault_id:int}", urlsplit(command[-1]).path) for command in COMMANDS}
    paths = {f"/_localcloud{route.path}" for route in Control(server.runtime).routes if isinstance(route, Route)}
    assert shown_paths == paths


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", TEXT, re.MULTILINE)
    assert rows == [(field.name, shown(field.default)) for field in dataclasses.fields(Behaviour)]


@pytest.mark.parametrize("setting", [field.name for field in dataclasses.fields(Behaviour)])
def test_every_setting_is_used(setting: str) -> None:
    sources = (file.read_text(encoding="utf-8") for file in (CHECKOUT / "localcloud").rglob("*.py"))
    assert any(re.search(rf"\.{setting}\b", source) for source in sources)
