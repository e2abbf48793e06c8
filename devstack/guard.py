"""A watchdog: ends the stack's processes when the stack itself was killed.

Run as ``python -m devstack.guard`` with a pipe as its standard input. The stack writes the id of each session that it
starts, one a line. The pipe closes when the stack ends, however it ends; what is still running then is ended.
"""

from __future__ import annotations

import subprocess
import sys

from devstack import sessions
from devstack.settings import CHECKOUT

_GRACE_SECONDS = 2.0


class Guard:
    """The stack's side of the watchdog."""

    def __init__(self) -> None:
        # A session of its own keeps Ctrl-C, which goes to the whole terminal group, away from the watchdog.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devstack.guard"],
            stdin=subprocess.PIPE,
            cwd=CHECKOUT,
            start_new_session=True,
            text=True,
        )

    def watch(self, session_id: int) -> None:
        """Tell the watchdog about a session to end when this process is gone."""
        if self._process.stdin is None:
            raise RuntimeError("the watchdog was started without a pipe")
        self._process.stdin.write(f"{session_id}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """Let the watchdog end what is left, and wait for it."""
        self._process.communicate()


def main() -> None:
    """Read session ids until the pipe closes, then end those sessions."""
    session_ids = [int(line) for line in sys.stdin]
    sessions.end(session_ids, _GRACE_SECONDS)


if __name__ == "__main__":
    main()
