"""Bucket, key and region from every form of address that clients send."""

import pytest

from localcloud.oss.addressing import Address, parse_address


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("127.0.0.1:9090", "/", Address()),
        ("127.0.0.1:9090", "", Address()),
        ("127.0.0.1:9090", "/bkt", Address("bkt")),
        ("127.0.0.1:9090", "/bkt/", Address("bkt")),
        ("127.0.0.1:9090", "/bkt/a/b", Address("bkt", "a/b")),
        ("[::1]:9090", "/bkt/k", Address("bkt", "k")),
        ("localhost:9090", "/bkt/k", Address("bkt", "k")),
        ("localcloud", "/bkt/k", Address("bkt", "k")),
        ("gateway.example.com", "/bkt/k", Address("bkt", "k")),
        ("bkt.localhost:9090", "/k", Address("bkt", "k")),
        ("bkt.127.0.0.1:9090", "/k", Address("bkt", "k")),
        ("oss-cn-hangzhou.aliyuncs.com", "/", Address(region="cn-hangzhou")),
        ("oss-cn-hangzhou.aliyuncs.com", "/bkt/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.oss-cn-hangzhou.aliyuncs.com:9090", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("BKT.OSS-CN-HANGZHOU.ALIYUNCS.COM", "/K", Address("bkt", "K", "cn-hangzhou")),
        ("bkt.oss-cn-hangzhou-internal.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.vpc100-oss-cn-hangzhou.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.oss-cn-shanghai-finance-1-pub.aliyuncs.com", "/k", Address("bkt", "k", "cn-shanghai-finance-1")),
        ("bkt.oss-accelerate.aliyuncs.com", "/k", Address("bkt", "k")),
        ("oss-accelerate-overseas.aliyuncs.com", "/", Address()),
        ("bkt.oss-accelerate-overseas.aliyuncs.com", "/k", Address("bkt", "k")),
        ("cn-hangzhou.oss.aliyuncs.com", "/", Address(region="cn-hangzhou")),
        ("bkt.cn-hangzhou.oss.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.cn-hangzhou-internal.oss.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.cn-hangzhou.oss-internal.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
        ("s3.oss-cn-hangzhou.aliyuncs.com", "/bkt/k", Address("bkt", "k", "cn-hangzhou")),
        ("bkt.s3.oss-cn-hangzhou-internal.aliyuncs.com", "/k", Address("bkt", "k", "cn-hangzhou")),
    ],
)
def test_styles(host: str, path: str, expected: Address) -> None:
    assert parse_address(host, path) == expected


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("a//b", "a//b"),
        ("a/../b/./c", "a/../b/./c"),
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("a%2Fb", "a/b"),
        ("%E4%BD%A0%E5%A5%BD", "你好"),
        ("a%25b", "a%b"),
        ("a%3Fb%26c", "a?b&c"),
        ("dir/", "dir/"),
    ],
)
def test_keys_are_kept_exactly(raw: str, key: str) -> None:
    assert parse_address("127.0.0.1", f"/bkt/{raw}").key == key
    assert parse_address("bkt.oss-cn-beijing.aliyuncs.com", f"/{raw}").key == key


def test_bytes_that_are_not_utf8_survive_into_the_signed_resource() -> None:
    assert parse_address("127.0.0.1", "/bkt/%FF%FE").resource == b"/bkt/\xff\xfe"


def test_further_base_domains() -> None:
    assert parse_address("bkt.cloud.test:80", "/k", ["cloud.test"]) == Address("bkt", "k")
    assert parse_address("cloud.test", "/bkt/k", ["cloud.test"]) == Address("bkt", "k")


@pytest.mark.parametrize(
    ("address", "resource"),
    [(Address(), b"/"), (Address("b"), b"/b/"), (Address("b", "k"), b"/b/k")],
)
def test_the_signed_resource_always_has_the_bucket(address: Address, resource: bytes) -> None:
    assert address.resource == resource
