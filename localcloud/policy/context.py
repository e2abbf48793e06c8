"""What a request offers to the conditions of policies."""

from __future__ import annotations

from datetime import datetime

from localcloud.http import Request
from localcloud.identity import Caller


def common_keys(request: Request | None, caller: Caller, now: datetime) -> dict[str, tuple[str, ...]]:
    """Give the ``acs:*`` keys by lower-case name (RAM page "Policy elements", common condition keys).

    :param request: None for what the cloud does by itself, which comes from no address and over no insecure line.
    """
    keys: dict[str, tuple[str, ...]] = {
        "acs:currenttime": (now.isoformat(),),
        "acs:securetransport": (str(request is None or request.secure).lower(),),
        # Nobody logs on here, so nobody has used a second factor.
        "acs:mfapresent": ("false",),
    }
    if caller.access_key_id:
        keys["acs:accessid"] = (caller.access_key_id,)
    if request is not None:
        keys["acs:sourceip"] = (request.client_ip,)
        keys["acs:useragent"] = (request.header("user-agent") or "",)
    return keys
