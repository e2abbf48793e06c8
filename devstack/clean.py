"""``make clean``: remove the demo's state folder, and its database where that lies elsewhere."""

from __future__ import annotations

import os
import shutil

from devstack.postgres import Postgres
from devstack.settings import Settings


def main() -> None:
    """Remove everything that ``make demo`` wrote."""
    settings = Settings.from_environment(os.environ)
    Postgres(settings.state_folder).remove()
    shutil.rmtree(settings.state_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
