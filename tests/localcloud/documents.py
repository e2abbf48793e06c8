"""Policy documents as tests write them."""

from __future__ import annotations

import json
from typing import Any

#: An object of a JSON document, such as a policy's statement or the answer of an operation.
Json = dict[str, Any]


def policy_document(*statements: Json) -> str:
    """Return a policy of these statements as JSON text."""
    return json.dumps({"Version": "1", "Statement": statements})
