"""The secrets of one stack: made once, then kept in its state folder."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Keys:
    """What the parts of one Airflow have in common.

    :param fernet_key: encrypts connections and trigger arguments in the database; 32 bytes in URL-safe base64.
    :param jwt_secret: signs tokens; Airflow asks for at least 64 bytes.
    :param api_secret_key: signs the UI's cookies.
    :param admin_password: of the UI's one user, ``admin``.
    """

    fernet_key: str
    jwt_secret: str
    api_secret_key: str
    admin_password: str

    @classmethod
    def generate(cls) -> Keys:
        """Make new random keys."""
        return cls(
            fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"),
            jwt_secret=secrets.token_urlsafe(64),
            api_secret_key=secrets.token_urlsafe(32),
            admin_password=secrets.token_hex(6),
        )

    @classmethod
    def load_or_create(cls, path: Path) -> Keys:
        """Read the keys of an earlier start, or make new ones.

        :param path: a JSON file; created readable by its owner only.
        """
        if path.exists():
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        keys = cls.generate()
        write_private(path, json.dumps(asdict(keys), indent=2))
        return keys


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
