"""``python -m tests.clients.install``: put the foreign clients into ``.clients``.

Every set of clients has a manifest with pinned versions, and is installed again only when that changes. A set whose
tools this machine does not have (Node.js, Debian's apt) is left out; its tests say so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1] / ".clients"
PYTHON = ROOT / "python"
NODE = ROOT / "node"
GO = ROOT / "go"

#: Go of Debian 12, the two clients, and a package that one of them imports.
_DEBIAN_PACKAGES = (
    "golang-1.19-go",
    "golang-1.19-src",
    "golang-github-aliyun-aliyun-oss-go-sdk-dev",
    "golang-github-denverdino-aliyungo-dev",
    "golang-golang-x-time-dev",
)
_GO_PROGRAMS = ("oss_tour", "rpc_tour")
_STAMP = ".installed"


def main() -> None:
    """Install whatever is missing or out of date."""
    for manifest in sorted((HERE / "python" / "requirements").glob("*.txt")):
        install(PYTHON / manifest.stem, [manifest], partial(_install_python, manifest))
    node = HERE / "node"
    install(NODE, [node / "package.json", node / "package-lock.json"], _install_node, needs="npm")
    install(GO, sorted((HERE / "go").rglob("*.go")), _install_go, needs="apt-get")


def is_installed(target: Path) -> bool:
    """Tell whether a set of clients is there."""
    return (target / _STAMP).is_file()


def install(target: Path, manifests: Iterable[Path], run: Callable[[Path], None], needs: str | None = None) -> None:
    """Install a set of clients, unless its manifests are as they were the last time.

    :param target: folder for the set; emptied before.
    :param manifests: files that decide what is installed.
    :param run: installs into the folder; a CalledProcessError leaves the set out.
    :param needs: program without which the set is left out.
    """
    version = hashlib.sha256(b"".join(manifest.read_bytes() for manifest in manifests)).hexdigest()
    stamp = target / _STAMP
    if stamp.is_file() and stamp.read_text() == version:
        return
    if needs is not None and shutil.which(needs) is None:
        print(f"No {needs} on this machine: the clients in {target} are left out, and their tests with them.")
        return
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    print(f"Installing the clients in {target}", flush=True)
    try:
        run(target)
    except subprocess.CalledProcessError as error:
        print(f"Left out the clients in {target}, and their tests with them: {error}", file=sys.stderr)
        return
    stamp.write_text(version)


def _run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=os.environ | dict(env or {}), check=True)


def _install_python(manifest: Path, target: Path) -> None:
    """Install packages without what they depend on, which the project's own environment has."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet", "install", "--no-deps")
    _run(*pip, "--target", target, "--requirement", manifest)


def _install_node(target: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, target)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=target)


def _install_go(target: Path) -> None:
    """Unpack Go and the clients from Debian's packages, without installing anything on the machine; build."""
    _download_debian_packages(target / "debian")
    for package in sorted((target / "debian").glob("*.deb")):
        _run("dpkg", "--extract", package, target)
    sources = target / "usr/share/gocode"
    shutil.copytree(HERE / "go", sources / "src/clients")
    root = target / "usr/lib/go-1.19"
    settings = {"GOROOT": root, "GOPATH": sources, "GOCACHE": target / "cache", "GOFLAGS": "-trimpath"}
    env = {name: str(value) for name, value in settings.items()} | {"GO111MODULE": "off", "CGO_ENABLED": "0"}
    for program in _GO_PROGRAMS:
        _run(root / "bin/go", "build", "-o", target / program, f"clients/{program}", env=env)
    for leftover in ("cache", "debian", "usr"):
        shutil.rmtree(target / leftover)


def _download_debian_packages(folder: Path) -> None:
    """Download packages with lists and a cache of their own, which takes neither root nor an earlier update."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    options = (f"Dir::State::Lists={folder / 'lists'}", f"Dir::Cache={folder / 'cache'}", "Debug::NoLocking=1")
    apt = ("apt-get", "--quiet=2", *(f"--option={option}" for option in (*options, "APT::Sandbox::User=root")))
    _run(*apt, "update")
    _run(*apt, "download", *_DEBIAN_PACKAGES, cwd=folder)


if __name__ == "__main__":
    main()
