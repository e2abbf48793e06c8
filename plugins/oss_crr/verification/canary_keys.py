"""Where canaries live, and how to tell one from everybody else's objects. Pure.

A key is ``<prefix>oss-crr-canary/<source bucket>/<pair>-<watcher>-<nonce>``, all but the folder's name as hexadecimal
digests. The source is in it because a canary reaches every destination of its source bucket, and has to be recognised
there as well. The watcher is the Airflow that sent it: what another one sent may still be on its way.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from oss_crr.fleet.entry import FleetEntry
from oss_crr.pair import BucketPair

FOLDER = "oss-crr-canary/"
#: OSS takes keys of up to 1,023 bytes.
MAX_KEY_BYTES = 1023

_KEY = re.compile(
    r"(?:.*/)?oss-crr-canary/(?P<source>[0-9a-f]{10})/(?P<pair>[0-9a-f]{10})-(?P<watcher>[0-9a-f]{8})-[0-9a-f]{8}",
    re.DOTALL,
)


@dataclass(frozen=True)
class Nest:
    """Where the canaries of one pair live.

    :param folder: the prefix of all canaries, ending with :data:`FOLDER`.
    :param pair: digest of the pair.
    :param watcher: digest of the Airflow that sends them.
    """

    folder: str
    source: str
    pair: str
    watcher: str

    @property
    def prefix(self) -> str:
        """Return the prefix of everything that may come from the pair's source bucket."""
        return f"{self.folder}{self.source}/"

    def new_key(self) -> str:
        """Return the key of a new canary."""
        return f"{self.prefix}{self.pair}-{self.watcher}-{secrets.token_hex(4)}"

    def is_own(self, key: str) -> bool:
        """Tell whether a key is that of a canary of this pair and watcher."""
        return self._pair_of(key) == self.pair

    def is_siblings(self, key: str) -> bool:
        """Tell whether a key is that of a canary of another pair of the same source, sent by the same watcher."""
        return self._pair_of(key) not in (None, self.pair)

    def _pair_of(self, key: str) -> str | None:
        """Return the digest of the pair that a canary of this source and watcher is of; None for any other key."""
        found = _KEY.fullmatch(key) if key.startswith(self.prefix) else None
        if found is None or (found["source"], found["watcher"]) != (self.source, self.watcher):
            return None
        return found["pair"]


def nest(entry: FleetEntry, watcher: str) -> Nest:
    """Return where a pair's canaries live: under the given prefix, the pair's first prefix, or in the whole bucket.

    :param watcher: any text that tells one Airflow from another.
    """
    pair = entry.pair
    base = entry.verify.canary_prefix or (pair.prefixes[0] if pair.prefixes else "")
    base += "/" if base and not base.endswith("/") else ""
    folder = base if base.endswith(FOLDER) else base + FOLDER
    identity = f"{pair.source_bucket}/{pair.destination_bucket}"
    return Nest(folder, _digest(pair.source_bucket, 10), _digest(identity, 10), _digest(watcher, 8))


def is_canary(key: str) -> bool:
    """Tell whether a key is that of a canary of any pair and watcher."""
    # Listings of millions of keys ask this.
    return FOLDER in key and _KEY.fullmatch(key) is not None


def misplaced(pair: BucketPair, found: Nest) -> str | None:
    """Return what is wrong with where the canaries live; None when nothing is."""
    if pair.prefixes and not found.folder.startswith(pair.prefixes):
        return f"folder `{found.folder}` lies outside of the pair's prefixes ({', '.join(pair.prefixes)})"
    if len(found.new_key().encode()) > MAX_KEY_BYTES:
        return f"keys under `{found.folder[:40]}…` would be longer than {MAX_KEY_BYTES} bytes"
    return None


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
