"""Write ``constraints.txt``: resolve the requirements in a fresh virtual environment, and list what was chosen."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_HEADER = """\
# The exact versions that `make setup` installs. Regenerate with `make constraints`.
"""


def main(requirement_files: list[str]) -> None:
    """Print the constraints.

    :param requirement_files: pip requirement files.
    """
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "--disable-pip-version-check"]
        options = [f"--requirement={name}" for name in requirement_files]
        # Standard output is the result, so what pip says goes to standard error.
        subprocess.run([*pip, "install", "-qq", "--prefer-binary", *options], stdout=sys.stderr, check=True)
        subprocess.run([*pip, "check"], stdout=sys.stderr, check=True)
        frozen = subprocess.run([*pip, "freeze"], stdout=subprocess.PIPE, text=True, check=True)
    sys.stdout.write(_HEADER + frozen.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
