"""Lifecycle rules, which are kept and given back."""

from __future__ import annotations

import pytest

from tests.localcloud.oss.harness import Oss

RULE = b"<Rule><ID>r</ID><Prefix/><Status>%s</Status><Expiration><Days>30</Days></Expiration></Rule>"
DOCUMENT = b"<LifecycleConfiguration>%s</LifecycleConfiguration>"


def test_rules_come_back_as_they_were_put(oss: Oss) -> None:
    body = DOCUMENT % (RULE % b"Enabled")
    assert oss.send("PUT", "/data/?lifecycle", body=body).status == 200
    assert oss.send("GET", "/data/?lifecycle").body == body
    assert oss.send("DELETE", "/data/?lifecycle").status == 204
    assert oss.refusal("GET", "/data/?lifecycle").code == "NoSuchLifecycle"


@pytest.mark.parametrize(
    "body",
    [b"", b"<Other/>", DOCUMENT % b"", DOCUMENT % (RULE % b"Maybe"), DOCUMENT % b"<Rule><ID>r</ID></Rule>"],
    ids=["empty", "root", "no rule", "status", "no status"],
)
def test_bad_rules_leave_the_old_ones(oss: Oss, body: bytes) -> None:
    old = DOCUMENT % (RULE % b"Disabled")
    oss.send("PUT", "/data/?lifecycle", body=old)
    error = oss.refusal("PUT", "/data/?lifecycle", body=body)
    assert (error.status, error.code) == (400, "MalformedXML")
    assert oss.send("GET", "/data/?lifecycle").body == old
