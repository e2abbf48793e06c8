"""Look at single objects on both sides of a pair, where their listings leave a doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from oss_crr.errors import NotFound
from oss_crr.inventory import Comparison, Suspect
from oss_crr.model import ObjectHead, ObjectSummary
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi

#: What an object turns out to be. ``gone``: on neither side. ``rewritten``: written again since it was listed, so that
#: it need not be there yet.
Verdict = Literal["same", "missing", "different", "surplus", "gone", "not replicated", "rewritten"]

_DELETED = "deleted at the source meanwhile"
_KMS = "encrypted with a KMS key, which the rule does not replicate"


@dataclass(frozen=True)
class Looked:
    """An object's headers on both sides; None where there is no such object."""

    original: ObjectHead | None
    replica: ObjectHead | None


class CloserLook:
    """Looks at objects of one pair, by two requests each. Safe to use from several threads."""

    def __init__(self, accounts: Accounts, pair: ResolvedPair) -> None:
        self._pair = pair
        self._source = accounts.source(pair.pair).oss(pair.pair.source_region)
        self._destination = accounts.destination(pair.pair).oss(pair.pair.destination_region)

    def at(self, key: str) -> Looked:
        """Read an object's headers on both sides.

        The destination goes first: what is written and copied in between then shows as written a moment ago.
        """
        replica = _head(self._destination, self._pair.pair.destination_bucket, key)
        return Looked(_head(self._source, self._pair.pair.source_bucket, key), replica)

    def verdict(self, key: str, listed: ObjectSummary | None = None) -> Verdict:
        """Say what an object is, now.

        :param listed: as the source's listing showed it; None when it did not, or was not asked.
        """
        return judge(self.at(key), listed, self._pair)


def judge(looked: Looked, listed: ObjectSummary | None, pair: ResolvedPair) -> Verdict:
    """Say what the headers of an object on both sides mean; see :meth:`CloserLook.verdict`."""
    original, replica = looked.original, looked.replica
    if original is None:
        return "surplus" if replica is not None else "gone"
    if original.encryption == "KMS" and original.kms_key_id and not pair.replicates_kms_objects:
        return "not replicated"
    if replica is not None and same_content(original, replica):
        return "same"
    if listed is not None and (original.size, original.etag) != (listed.size, listed.etag):
        return "rewritten"
    return "missing" if replica is None else "different"


def same_content(original: ObjectHead, replica: ObjectHead) -> bool:
    """Compare by size and CRC-64: the ETag of a multipart or KMS-encrypted object is no digest of its content."""
    if original.crc64 is None:
        return False
    return (original.size, original.crc64) == (replica.size, replica.crc64)


def count(counts: Comparison, suspect: Suspect, verdict: Verdict) -> None:
    """Count an object that the source's listing showed as what it turned out to be."""
    if verdict in ("missing", "different"):
        counts.fault(verdict, suspect.key)
    elif verdict == "rewritten":
        counts.postpone()
    elif verdict == "same" and suspect.source is not None:
        counts.match(suspect.source)
    else:
        counts.exclude(_KMS if verdict == "not replicated" else _DELETED)


def _head(oss: OssApi, bucket: str, key: str) -> ObjectHead | None:
    try:
        return oss.head_object(bucket, key)
    except NotFound:
        return None
