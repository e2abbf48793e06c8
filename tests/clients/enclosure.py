"""A network of its own, where the cloud's real host names lead to a local cloud.

Clients that have the vendor's host names built in, or put the bucket into the host name, run unmodified in it: the
local cloud listens on port 80, and a hosts file of the enclosure's own says where every name is. It is run by
``unshare --user --map-root-user --net --mount``.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from localcloud.server import LocalCloudServer
from tests.clients.running import run
from tests.clients.world import CONFIG, HOSTS

URL = "http://oss-cn-hangzhou.aliyuncs.com"

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def main() -> None:
    """Run the client that the JSON on the command line names, and print its findings."""
    given = json.loads(sys.argv[1])
    _bring_loopback_up()
    with tempfile.TemporaryDirectory() as folder:
        _use_hosts(Path(folder, "hosts"))
        with LocalCloudServer(CONFIG, port=80) as server:
            print(json.dumps(run(server, URL, given["command"], given["env"], **given["task"])))


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _use_hosts(path: Path) -> None:
    """Put a file over ``/etc/hosts``; only processes in this enclosure see it."""
    path.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in HOSTS))
    subprocess.run(["mount", "--bind", str(path), "/etc/hosts"], check=True)


if __name__ == "__main__":
    main()
