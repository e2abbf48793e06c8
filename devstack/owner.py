"""What the owner of the demo's other account does behind everybody's back, with nothing but the vendor's SDK."""

from __future__ import annotations

import json
from typing import Any

import oss2

from devstack.cloud_config import Side

_NO_POLICY = "NoSuchBucketPolicy"


class Owner:
    """The owner of an account, with the account's own access key.

    :param side: the account.
    :param endpoint: the local cloud's address.
    """

    def __init__(self, side: Side, endpoint: str) -> None:
        credentials = oss2.credentials.StaticCredentialsProvider(*side.owner_key)
        self._bucket = oss2.Bucket(
            oss2.ProviderAuthV4(credentials),
            endpoint,
            side.bucket,
            region=side.region,
            # An empty proxy is none: it has no business between this process and its child.
            proxies={"http": "", "https": ""},
        )

    def statements(self) -> list[dict[str, Any]]:
        """Return the statements of the bucket's policy."""
        try:
            document = json.loads(self._bucket.get_bucket_policy().policy)
        except oss2.exceptions.ServerError as error:
            if error.code == _NO_POLICY:
                return []
            raise
        found: list[dict[str, Any]] = document["Statement"]
        return found

    def add_statement(self, statement: dict[str, Any]) -> None:
        """Add a statement of the owner's own to the bucket's policy."""
        self._write([*self.statements(), statement])

    def remove_grants_for(self, role: str) -> list[dict[str, Any]]:
        """Take every statement that names a role out of the bucket's policy, and return those."""
        statements = self.statements()
        removed = [statement for statement in statements if _names(statement, role)]
        self._write([statement for statement in statements if statement not in removed])
        return removed

    def _write(self, statements: list[dict[str, Any]]) -> None:
        if statements:
            self._bucket.put_bucket_policy(json.dumps({"Version": "1", "Statement": statements}))
        else:
            self._bucket.delete_bucket_policy()


def _names(statement: dict[str, Any], role: str) -> bool:
    # OSS keeps the name of a role in lower case there.
    return role.lower() in json.dumps(statement["Principal"]).lower()
