"""What could not be read of a pair: never an exception, always a finding with the reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from oss_crr.errors import Conflict, NotFound, OssCrrError, PermissionDenied
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import unreadable
from oss_crr.verification.model import Finding
from oss_crr.verification.reader import is_connection_trouble

#: What is read of a pair, by side: the part it belongs to, and the field of the facts.
_READ = {
    "source": (
        ("source_bucket", "source_bucket"),
        ("source_policy", "source_policy"),
        ("role", "role"),
        ("role_policies", "attached"),
        ("rule", "rules"),
    ),
    "destination": (
        ("destination_bucket", "destination_bucket"),
        ("destination_grant", "destination_policy"),
        ("retention", "retention"),
        ("kms_key", "key"),
        ("kms_instance", "instance"),
        ("kms_key_grant", "key_policy"),
    ),
}


def unread(facts: PairFacts) -> list[Finding]:
    """Return a finding for each thing that could not be read.

    One reason that explains many of them, a connection that does not work or a bucket that is gone, is named once.
    """
    return [finding for side in _READ for finding in _side(facts, side)]


def _side(facts: PairFacts, side: str) -> Iterable[Finding]:
    errors = dict(_errors(facts, side))
    trouble = next((error for error in errors.values() if is_connection_trouble(error)), None)
    if trouble is not None:
        yield unreadable(facts.pair.name, f"{side}_connection", trouble)
        return
    bucket = errors.pop(f"{side}_bucket", None)
    if bucket is not None and not isinstance(bucket, NotFound | Conflict):  # Those are findings about the bucket.
        yield _bucket(facts, side, bucket)
    for field, error in errors.items():
        if not _follows(field, error, bucket) and not _is_told(facts, field, error):
            yield unreadable(facts.pair.name, field, error)


def _bucket(facts: PairFacts, side: str, error: OssCrrError) -> Finding:
    finding = unreadable(facts.pair.name, f"{side}_bucket", error)
    if not isinstance(error, PermissionDenied):
        return finding
    doubt = "the right was taken away, or the bucket was deleted and belongs to somebody else by now"
    return replace(finding, cause=f"{finding.cause}; {doubt}")


def _errors(facts: PairFacts, side: str) -> Iterable[tuple[str, OssCrrError]]:
    for part, field in _READ[side]:
        found = getattr(facts, field)
        if isinstance(found, OssCrrError):
            yield part, found
    if side == "source":
        errors = {name: info for name, info in facts.policies.items() if isinstance(info, OssCrrError)}
        yield from ((f"policy {name}", error) for name, error in errors.items())


_OF_THE_BUCKET = ("source_policy", "rule", "destination_grant", "retention")


def _follows(field: str, error: OssCrrError, bucket: OssCrrError | None) -> bool:
    """Tell whether it could not be read for the same reason as the bucket itself."""
    return field in _OF_THE_BUCKET and bucket is not None and type(error) is type(bucket)


def _is_told(facts: PairFacts, field: str, error: OssCrrError) -> bool:
    """Tell whether another finding says why it could not be read: a key that is gone has no policy."""
    return field == "kms_key_grant" and facts.key is None and isinstance(error, NotFound)
