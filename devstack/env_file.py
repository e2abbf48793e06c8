"""``make env``: write the settings of ``docker-compose.yaml``, with fresh secrets, into ``.env``.

Needs nothing but Python, so that it runs where only Docker is installed.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from devstack.keys import Keys, write_private

_EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"


def fresh_secrets() -> dict[str, str]:
    """Make a new value for every secret, by the name of its variable."""
    keys = Keys.generate()
    return {
        "AIRFLOW_ADMIN_PASSWORD": keys.admin_password,
        "AIRFLOW_FERNET_KEY": keys.fernet_key,
        "AIRFLOW_JWT_SECRET": keys.jwt_secret,
        "AIRFLOW_API_SECRET_KEY": keys.api_secret_key,
        # Hexadecimal, because they become part of an address.
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
    }


def filled(example: str, values: dict[str, str]) -> str:
    """Give the variables that have no value one.

    :param example: lines of comments and of ``NAME=value``.
    :param values: by name; every variable without a value must be among them.
    """
    lines = []
    for line in example.splitlines():
        name, equals, value = line.partition("=")
        lines.append(f"{name}={values[name]}" if equals and not value and not line.startswith("#") else line)
    return "\n".join(lines) + "\n"


def main(target: Path) -> int:
    """Write the file; leave one that exists as it is.

    :returns: exit status.
    """
    if target.exists():
        print(f"{target} exists and stays as it is: connections that Airflow has stored need its key.")
        return 0
    write_private(target, filled(_EXAMPLE.read_text(encoding="utf-8"), fresh_secrets()))
    print(f"Wrote {target}. The password of the user admin is its AIRFLOW_ADMIN_PASSWORD.")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
