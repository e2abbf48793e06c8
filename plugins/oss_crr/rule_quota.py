"""How many replication rules a bucket may have. Pure."""

from __future__ import annotations

import os

from oss_crr.errors import InputError

#: Set where the vendor has raised the quota.
RULES_VARIABLE = "OSS_CRR_RULES_PER_BUCKET"
#: Rules of one bucket, both directions together (vendor page "Cross-region replication overview").
PUBLISHED = 100


def max_rules() -> int:
    """Return how many rules a bucket may have, as source and as destination together.

    :raises InputError: the variable is no whole number above 0.
    """
    text = os.environ.get(RULES_VARIABLE, "").strip()
    if not text:
        return PUBLISHED
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise InputError((RULES_VARIABLE, f"is {text!r}; give how many rules a bucket may have, such as 200"))
    return int(text)
