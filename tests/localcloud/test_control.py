"""The control interface: health, counts, faults, reset, state, settings and the clock."""

from __future__ import annotations

import httpx
import oss2
import pytest
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from localcloud.server import LocalCloudServer


@pytest.fixture
def bucket(server: LocalCloudServer) -> oss2.Bucket:
    return oss2.Bucket(oss2.Auth("key-a", "secret-a"), server.url, "bucket-a")


def control(server: LocalCloudServer, path: str) -> str:
    return f"{server.url}/_localcloud/{path}"


def add_fault(server: LocalCloudServer, **fault: object) -> int:
    answer = httpx.post(control(server, "faults"), json=fault)
    assert answer.status_code == 201
    fault_id: int = answer.json()["id"]
    return fault_id


def counts(server: LocalCloudServer) -> dict[str, int]:
    return {row["action"]: row["count"] for row in httpx.get(control(server, "calls")).json()["calls"]}


def test_health(server: LocalCloudServer) -> None:
    assert httpx.get(control(server, "health")).json() == {"status": "ok", "accounts": 2, "buckets": 2}


def test_calls_are_counted(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"1")
    bucket.get_object("k")
    bucket.get_object("k")
    httpx.get(f"{server.url}/bucket-a/k")
    sts = Config("key-b", "secret-b", endpoint=server.endpoint, protocol="HTTP")
    StsClient(sts).get_caller_identity()
    summary = httpx.get(control(server, "calls?reset=1")).json()
    assert {name: summary[name] for name in ("total", "reads", "writes")} == {"total": 5, "reads": 4, "writes": 1}
    rows = [(row["account"], row["product"], row["action"], row["access"], row["count"]) for row in summary["calls"]]
    assert rows == [
        ("1000000000000001", "oss", "GetObject", "read", 2),
        ("1000000000000001", "oss", "PutObject", "write", 1),
        ("1000000000000002", "sts", "GetCallerIdentity", "read", 1),
        ("anonymous", "oss", "GetObject", "read", 1),
    ]
    assert httpx.get(control(server, "calls")).json()["total"] == 0


def test_a_fault_before_the_call_prevents_it(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    add_fault(
        server,
        product="oss",
        action="PutObject",
        status=503,
        code="QpsLimitExceeded",
        headers={"x-oss-qos-delay-time": "7"},
    )
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object("k", b"1")
    assert (caught.value.status, caught.value.code) == (503, "QpsLimitExceeded")
    assert caught.value.headers["x-oss-qos-delay-time"] == "7"
    assert not bucket.object_exists("k")


def test_a_fault_after_the_call_lets_it_take_effect(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    add_fault(server, action="PutObject", status=500, when="after")
    with pytest.raises(oss2.exceptions.ServerError):
        bucket.put_object("k", b"1")
    assert bucket.object_exists("k")


@pytest.mark.parametrize(("when", "exists"), [("before", False), ("after", True)])
def test_a_cut_connection(server: LocalCloudServer, bucket: oss2.Bucket, when: str, exists: bool) -> None:
    add_fault(server, action="PutObject", cut=True, when=when)
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_object("k", b"1")
    assert bucket.object_exists("k") is exists


def test_times_and_skip(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    fault_id = add_fault(server, action="GetObjectMeta", status=500, times=2, skip=1)
    outcomes = []
    for _ in range(5):
        try:
            outcomes.append(bucket.get_object_meta("object-00001").status)
        except oss2.exceptions.ServerError as error:
            outcomes.append(error.status)
    assert outcomes == [200, 500, 500, 200, 200]
    assert (
        httpx.get(control(server, "faults")).json()["faults"][0] | {"id": fault_id, "hits": 2, "skip": 0}
        == (httpx.get(control(server, "faults")).json()["faults"][0])
    )


def test_a_delay_holds_the_call(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    add_fault(server, delay_seconds=0.6, times=1)
    impatient = oss2.Bucket(oss2.Auth("key-a", "secret-a"), server.url, "bucket-a", connect_timeout=0.1)
    with pytest.raises(oss2.exceptions.RequestError, match="timed out"):
        impatient.get_bucket_acl()
    assert bucket.get_bucket_acl().acl == "private"


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        ({"product": "OSS"}, True),
        ({"product": "ram"}, False),
        ({"action": "GetBucketAcl"}, True),
        ({"action": "PutBucketAcl"}, False),
        ({"account": "1000000000000001"}, True),
        ({"account": "1000000000000002"}, False),
        ({"bucket": "bucket-a"}, True),
        ({"bucket": "bucket-b"}, False),
    ],
)
def test_what_a_fault_matches(server: LocalCloudServer, bucket: oss2.Bucket, fault: dict[str, str], hit: bool) -> None:
    add_fault(server, status=500, **fault)
    try:
        bucket.get_bucket_acl()
    except oss2.exceptions.ServerError:
        assert hit
    else:
        assert not hit


def test_faults_of_rpc_products_have_their_form(server: LocalCloudServer) -> None:
    add_fault(server, product="sts", status=429, code="Throttling.User", message="Slow down.")
    config = Config("key-a", "secret-a", endpoint=server.endpoint, protocol="HTTP")
    with pytest.raises(ClientException, match=r"Slow down\.") as caught:
        StsClient(config).get_caller_identity()
    assert (caught.value.code, caught.value.status_code) == ("Throttling.User", 429)


def test_removing_faults(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    first = add_fault(server, status=500)
    add_fault(server, status=503)
    assert httpx.delete(control(server, f"faults/{first}")).status_code == 204
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_bucket_acl()
    assert caught.value.status == 503
    httpx.delete(control(server, "faults"))
    assert bucket.get_bucket_acl().status == 200


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("faults", {"acton": "x"}, "acton: is not known here"),
        ("faults", {"when": "later"}, "when: expected one of 'before', 'after'"),
        ("faults", {"status": "500"}, "status: expected a whole number"),
        ("behaviour", {"latency": 1}, "latency: is not known here"),
        ("behaviour", {"latency_ms": "much"}, "latency_ms: expected a number"),
        ("clock", {"advance_seconds": "1"}, "advance_seconds: expected a number"),
        ("clock", [1], "the body must be a JSON object"),
    ],
)
def test_bad_control_calls(server: LocalCloudServer, path: str, body: object, problem: str) -> None:
    answer = httpx.post(control(server, path), json=body)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_unknown_control_calls(server: LocalCloudServer) -> None:
    assert httpx.post(control(server, "behaviour"), content=b"{").status_code == 400
    assert httpx.get(control(server, "nothing")).status_code == 404
    assert httpx.delete(control(server, "reset")).status_code == 405


def test_reset(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    before = httpx.get(control(server, "state")).json()
    bucket.put_object("k", b"1")
    bucket.put_bucket_acl("public-read")
    httpx.post(control(server, "behaviour"), json={"latency_ms": 1})
    add_fault(server, status=500)
    assert httpx.post(control(server, "reset")).status_code == 204
    assert httpx.get(control(server, "state")).json() == before
    assert httpx.get(control(server, "behaviour")).json()["latency_ms"] == 0
    assert counts(server) == {}
    assert bucket.get_bucket_acl().acl == "private"


def test_state(server: LocalCloudServer) -> None:
    state = httpx.get(control(server, "state")).json()
    assert state["accounts"]["1000000000000001"]["users"] == {"reader": ["System:AliyunRAMReadOnlyAccess"]}
    found = state["buckets"]["bucket-a"]
    assert (found["region"], found["objects"], found["bytes"], found["rules"]) == ("cn-hangzhou", 5, 100, [])


def test_behaviour_can_be_changed(server: LocalCloudServer) -> None:
    changed = httpx.post(control(server, "behaviour"), json={"latency_ms": 2.5, "hide_sync_role": False}).json()
    assert (changed["latency_ms"], changed["hide_sync_role"], changed["rule_start_seconds"]) == (2.5, False, 0.0)
    assert server.cloud.behaviour.latency_ms == 2.5


def test_the_clock_can_be_moved(server: LocalCloudServer, bucket: oss2.Bucket) -> None:
    httpx.post(control(server, "clock"), json={"advance_seconds": 1000})
    with pytest.raises(oss2.exceptions.OssError) as caught:
        bucket.get_bucket_acl()
    assert caught.value.code == "RequestTimeTooSkewed"
    httpx.post(control(server, "clock"), json={"advance_seconds": -1000})
    assert bucket.get_bucket_acl().status == 200


# --- replication going wrong -----------------------------------------------------------------------------------------


def test_replication_faults_are_set_shown_and_taken_back(server: LocalCloudServer) -> None:
    path = control(server, "replication")
    faults = {
        "rule": "bucket-a",
        "stalled": True,
        "objects_per_second": 2.5,
        "lose": ["a", "tmp/*"],
        "corrupt": ["b"],
        "stale": ["c"],
        "drop_deletes": True,
        "deliver_deletes": True,
    }
    assert httpx.get(path).json() == {"rules": []}
    assert httpx.post(path, json=faults).json() == {"rules": [faults]}
    changed = {"rule": "bucket-a", "stalled": False, "lose": [], "stale": ["d"], "objects_per_second": 0}
    assert httpx.post(path, json=changed).json() == {
        "rules": [
            {"rule": "bucket-a", "drop_deletes": True, "deliver_deletes": True, "corrupt": ["b"], "stale": ["d"]},
        ]
    }
    assert httpx.post(path, json={"rule": "bucket-b", "stalled": True}).json()["rules"][1]["rule"] == "bucket-b"
    assert httpx.delete(path).status_code == 204
    assert httpx.get(path).json() == {"rules": []}


def test_replication_faults_reach_the_engine(server: LocalCloudServer) -> None:
    httpx.post(control(server, "replication"), json={"rule": "bucket-a", "corrupt": ["x"], "drop_deletes": True})
    faults = server.runtime.engine.faults
    assert (faults.corrupted, faults.drops_deletes, faults.lost) == ({("bucket-a", "x")}, {"bucket-a"}, set())
    server.runtime.reset()
    assert httpx.get(control(server, "replication")).json() == {"rules": []}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"stalled": True}, "rule: is required"),
        ({"rule": "nobody"}, "rule: there is no rule or source bucket 'nobody'"),
        ({"rule": "bucket-a", "loose": ["a"]}, "loose: is not known here"),
        ({"rule": "bucket-a", "lose": "a"}, "lose: expected a list"),
        ({"rule": "bucket-a", "lose": [1]}, "lose: expected a list of object keys"),
        ({"rule": "bucket-a", "stalled": "yes"}, "stalled: expected true or false"),
        ({"rule": "bucket-a", "objects_per_second": -1}, "objects_per_second: expected a number of at least 0"),
    ],
)
def test_wrong_replication_faults_are_refused(server: LocalCloudServer, body: dict[str, object], problem: str) -> None:
    answer = httpx.post(control(server, "replication"), json=body)
    assert (answer.status_code, problem in answer.json()["error"]) == (400, True), answer.text
    assert httpx.get(control(server, "replication")).json() == {"rules": []}
