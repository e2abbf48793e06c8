"""Configurations: what they may say, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from localcloud.configuration.errors import ConfigError
from localcloud.configuration.loading import load_config
from localcloud.configuration.seeding import seed

FULL = """\
behaviour:
  latency_ms: 5
  rule_start_seconds: 0.25
  hide_sync_role: false
accounts:
  - uid: 1234567890123456
    access_keys:
      - {id: root, secret: root-secret}
    users:
      - name: operator
        access_keys:
          - {id: user, secret: user-secret, active: false}
        policies:
          - AliyunOSSFullAccess
          - Version: "1"
            Statement: [{Effect: Allow, Action: "ram:GetRole", Resource: "*"}]
    roles:
      - name: Replicator
        trust_policy:
          Version: "1"
          Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: [oss.aliyuncs.com]}}]
        policies: [AliyunOSSFullAccess]
    kms_instances:
      - {id: kst-1, region: cn-shanghai, access_management_quantity: 2}
    buckets:
      - name: generated
        region: cn-hangzhou
        versioning: Enabled
        encryption: {algorithm: AES256}
        acl: public-read
        acceleration: true
        policy: {Version: "1", Statement: [{Effect: Allow, Action: ["oss:GetObject"], Principal: ["*"],
                 Resource: ["acs:oss:*:1234567890123456:generated/*"]}]}
        objects:
          - {count: 3, size: 40, prefix: data/}
          - {folder: files, prefix: f/}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "files" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "a.txt").write_bytes(b"A")
    (tmp_path / "files" / "sub" / "b.bin").write_bytes(b"BB")
    (tmp_path / "cloud.yaml").write_text(FULL)
    return tmp_path / "cloud.yaml"


def built(source: Path | dict[str, object]) -> Cloud:
    config = load_config(source)
    cloud = Cloud(config.new_behaviour())
    seed(cloud, config)
    return cloud


def test_a_full_configuration(file: Path) -> None:
    cloud = built(file)
    account = cloud.accounts["1234567890123456"]
    assert account.access_keys["root"].secret == "root-secret"
    assert account.ram.access_keys["user"].active is False
    attached = account.ram.users["operator"].attachments.current
    assert [(entry.policy_type, entry.policy_name) for entry in attached] == [
        ("System", "AliyunOSSFullAccess"),
        ("Custom", "operator-2"),
    ]
    assert account.ram.roles["replicator"].arn == "acs:ram::1234567890123456:role/Replicator"
    assert account.kms_instances[0].access_management_quantity == 2
    assert (cloud.behaviour.latency_ms, cloud.behaviour.hide_sync_role) == (5.0, False)
    bucket = cloud.buckets["generated"]
    assert (bucket.acl, bucket.versioning, bucket.acceleration) == ("public-read", "Enabled", True)
    assert bucket.policy.effective(cloud.clock.now()) is not None


def test_seeded_objects(file: Path) -> None:
    bucket = built(file).buckets["generated"]
    assert list(bucket.keys) == [
        "data/object-00001",
        "data/object-00002",
        "data/object-00003",
        "f/a.txt",
        "f/sub/b.bin",
    ]
    first, second = bucket.latest("data/object-00001"), bucket.latest("data/object-00002")
    assert first is not None
    assert second is not None
    assert first.body == b"data/object-00001\ndata/object-00001\ndata"
    assert first.body != second.body
    assert first.version_id not in ("null", second.version_id)
    assert first.encryption is not None
    text = bucket.latest("f/a.txt")
    assert text is not None
    assert (text.body, text.etag, text.headers) == (
        b"A",
        "7FC56270E7A70FA81A5935B72EACBE29",
        {"content-type": "text/plain"},
    )


def test_declared_rights_do_not_wait_for_propagation(file: Path) -> None:
    file.write_text(FULL.replace("latency_ms: 5", "policy_propagation_seconds: 60"))
    cloud = built(file)
    role = cloud.accounts["1234567890123456"].ram.roles["replicator"]
    assert "oss.aliyuncs.com" in role.trust_policy.effective(cloud.clock.now())


def test_settings_of_one_cloud_are_not_anothers(file: Path) -> None:
    config = load_config(file)
    config.new_behaviour().latency_ms = 99
    assert config.new_behaviour().latency_ms == 5


def test_an_empty_configuration() -> None:
    assert built({}).accounts == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latency_ms: 5", "latency: 5", r"behaviour.latency \(line 2\): is not known here"),
        ("latency_ms: 5", "latency_ms: fast", r"behaviour.latency_ms \(line 2\): expected a number .* 'fast'"),
        ("hide_sync_role: false", "hide_sync_role: 1", r"behaviour.hide_sync_role \(line 4\): expected true or false"),
        ("uid: 1234567890123456", "uid: me", r"accounts\[0\].uid \(line 6\): expected digits only"),
        ("uid: 1234567890123456", "id: 1", r"accounts\[0\].uid \(line 6\): is required"),
        (
            "{id: root, secret: root-secret}",
            "{id: root}",
            r"accounts\[0\].access_keys\[0\].secret \(line 8\): is required",
        ),
        (
            "{id: root, secret",
            "{id: user, secret",
            r"accounts\[0\].users\[0\].access_keys.* key user is declared twice",
        ),
        ("name: operator", "name: 'a b'", r"accounts\[0\].users\[0\] \(line 10\): InvalidParameter.UserName"),
        ("- AliyunOSSFullAccess", "- Nonsense", r"users\[0\].policies\[0\] \(line 14\): EntityNotExist.Policy"),
        ('Action: "ram:GetRole", ', "", r"users\[0\].policies\[1\] \(line 15\): MalformedPolicyDocument"),
        (
            "region: cn-hangzhou",
            "region: oss-cn-hangzhou",
            r"buckets\[0\].region \(line 27\): expected one of 'cn-hang",
        ),
        ("name: generated", "name: Generated", r"buckets\[0\].name \(line 26\): InvalidBucketName"),
        ("versioning: Enabled", "versioning: true", r"buckets\[0\].versioning \(line 28\): expected a text, not True"),
        ("versioning: Enabled", "versioning: 'on'", r"versioning \(line 28\): expected one of 'Enabled', 'Suspended'"),
        ("algorithm: AES256", "algorithm: DES", r"encryption.algorithm \(line 29\): expected one of"),
        ("acs:oss:*:1234567890123456:generated/*", "acs:oss:*:1:other", r"buckets\[0\].policy \(line 32\): "),
        ("count: 3", "count: -3", r"objects\[0\].count \(line 35\): expected a whole number of at least 0, not -3"),
        ("folder: files", "folder: nowhere", r"objects\[1\].folder \(line 36\): there is no folder"),
        ("buckets:", "bucket:", r"accounts\[0\].bucket \(line 25\): is not known here; known are access_keys, buckets"),
        ("accounts:", "accounts: {}\nunused:", r"accounts \(line 5\): expected a list, not a dict"),
        ("behaviour:", "behaviour: [", r"configuration \(line \d+\): not valid YAML"),
    ],
)
def test_faults_name_their_place(file: Path, old: str, new: str, message: str) -> None:
    assert old in FULL
    file.write_text(FULL.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        built(file)


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ([{"uid": "1"}, {"uid": "1"}], r"accounts\[1\].uid: account 1 is declared twice"),
        (
            [
                {"uid": "1", "buckets": [{"name": "data", "region": "cn-beijing"}]},
                {"uid": "2", "buckets": [{"name": "data", "region": "cn-beijing"}]},
            ],
            r"accounts\[1\].buckets\[0\].name: bucket data is declared twice",
        ),
        ([{"uid": "1", "users": "nobody"}], r"accounts\[0\].users: expected a list, not 'nobody'"),
        (["account"], r"accounts\[0\]: expected a mapping, not 'account'"),
    ],
)
def test_faults_without_a_file(accounts: list[object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        built({"accounts": accounts})
