"""The client of Airflow's REST API, against scripted answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from devstack.api import AirflowApi, TaskState
from devstack.errors import ApiError

Answer = Callable[[httpx.Request], httpx.Response]


def api(answer: Answer) -> AirflowApi:
    return AirflowApi("http://airflow", "secret", httpx.MockTransport(answer))


def test_login_sends_the_password_and_later_calls_carry_the_token() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "T0KEN"})
        return httpx.Response(200, json={"state": "queued"})

    client = api(answer)
    client.login()
    assert client.run_state("dag", "run") == "queued"
    assert json.loads(seen[0].content) == {"username": "admin", "password": "secret"}
    assert seen[1].headers["authorization"] == "Bearer T0KEN"


def test_a_connection_that_exists_is_replaced() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(409 if request.method == "POST" else 200, json={"detail": "exists"})

    api(answer).put_connection("oss_source", "alibaba_cloud", {"account_uid": "1"})
    body = {"connection_id": "oss_source", "conn_type": "alibaba_cloud", "extra": '{"account_uid": "1"}'}
    assert seen == [
        ("POST", "/api/v2/connections", body),
        ("PATCH", "/api/v2/connections/oss_source", body),
    ]


def test_other_refusals_carry_airflows_reason() -> None:
    client = api(lambda _: httpx.Response(400, json={"detail": "Invalid input for param source_bucket"}))
    with pytest.raises(ApiError, match="400 Invalid input for param source_bucket") as caught:
        client.trigger("oss_crr_setup", {})
    assert caught.value.status == 400


def test_no_answer_is_an_error_with_status_0() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(ApiError, match="no answer from Airflow") as caught:
        api(answer).run_state("dag", "run")
    assert caught.value.status == 0


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False)])
def test_has_dag(status: int, expected: bool) -> None:
    assert api(lambda _: httpx.Response(status, json={})).has_dag("dag") is expected


def instance(task_id: str, **changes: Any) -> dict[str, Any]:
    fields = {"task_id": task_id, "map_index": -1, "state": "success", "try_number": 1}
    return {**fields, "start_date": "2026-01-01T10:00:00Z", "end_date": "2026-01-01T10:00:02.500000Z", **changes}


def test_task_states_come_in_the_order_of_their_start_over_all_pages() -> None:
    everything = [instance(f"task {number}") for number in range(150)]
    everything[149]["start_date"] = "2026-01-01T09:00:00Z"
    everything[0].update(start_date=None, end_date=None, state=None, try_number=0)

    def answer(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        page = everything[offset : offset + limit]
        return httpx.Response(200, json={"task_instances": page, "total_entries": 150})

    states = api(answer).task_states("dag", "run")
    assert len(states) == 150
    assert states[0].task_id == "task 149"
    assert states[1] == TaskState("task 1", -1, "success", 1, 2.5)
    assert states[-1] == TaskState("task 0", -1, None, 1, 0.0)


def test_waiting_ends_with_the_run() -> None:
    states = iter(["queued", "running", "failed"])
    client = api(lambda _: httpx.Response(200, json={"state": next(states)}))
    assert client.wait("dag", "run", timeout_seconds=10, poll_seconds=0) == "failed"


def test_waiting_ends_when_the_time_is_up() -> None:
    client = api(lambda _: httpx.Response(200, json={"state": "running"}))
    with pytest.raises(TimeoutError, match="run of dag did not end"):
        client.wait("dag", "run", timeout_seconds=0.01, poll_seconds=0)


LOG = [
    {"event": "::group::Pre Execute"},
    {
        "event": "Task failed with exception",
        "error_detail": [{"exc_type": "AccessDenied", "exc_value": "ram:CreateRole is missing", "frames": []}],
    },
]


def test_log_and_errors() -> None:
    client = api(lambda _: httpx.Response(200, json={"content": LOG}))
    task = TaskState("create_role", -1, "failed", 2, 1.0)
    assert client.log("dag", "run", task) == ["::group::Pre Execute", "Task failed with exception"]
    assert client.errors("dag", "run", task) == ["AccessDenied: ram:CreateRole is missing"]
