# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian hosts for tests: containers with systemd and sshd on a network without a way out.

    bed.py image IMAGE...                       make images, unless they are there; print their names
    bed.py up FOLDER NAME=PROFILE[@IMAGE]...    start hosts; what they are is written to FOLDER/hosts.json
    bed.py down FOLDER                          remove the hosts of that folder, and nothing else

An image is a Debian release and, where it is not this machine's, an architecture: `bookworm`,
`bookworm/arm64`; with `+compiler` (`bullseye+compiler`) it can build wheels. A profile is a script of
profiles/ that runs on the host before anybody logs in; several are joined by `+`. It needs root. Images
come from debootstrap, since a registry may be out of reach, and are named after what they are made from;
they hold no uv.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = ("python3", "openssh-server", "rsync", "sudo", "systemd", "systemd-sysv", "dbus", "acl")
# What else uv needs of a release's Python.
MORE_PACKAGES = {"bullseye": ("python3-distutils",)}
COMPILER = ("gcc", "libc6-dev", "python3-dev")
# The emulation of other architectures is registered once for the whole machine: a privileged host
# would do that anew at its start, and take it away at its end.
MASKED = ("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount")
START_SECONDS = 60
LOGIN = "deploy"


@dataclass(frozen=True)
class Image:
    """What a host is made from: a Debian release, and an architecture in Debian's words."""

    suite: str
    arch: str
    compiler: bool = False

    @classmethod
    def parse(cls, text: str) -> Image:
        release, _slash, arch = text.partition("/")
        suite, _plus, more = release.partition("+")
        if more not in ("", "compiler"):
            raise argparse.ArgumentTypeError(f"there are no images with {more}")
        return cls(suite or "bookworm", arch or own_architecture(), bool(more))

    @property
    def foreign(self) -> bool:
        """Whether its programs run under emulation here."""
        return self.arch != own_architecture()

    @property
    def packages(self) -> tuple[str, ...]:
        more = MORE_PACKAGES.get(self.suite, ())
        return (*PACKAGES, *more, *COMPILER) if self.compiler else (*PACKAGES, *more)

    @property
    def name(self) -> str:
        words = (self.suite, *self.packages, *((self.arch,) if self.foreign else ()))
        content = hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]
        return f"localhost/airgap-uv-bed:{self.suite}-{content}"


@dataclass(frozen=True)
class Wanted:
    """A host that is asked for."""

    name: str
    profiles: tuple[str, ...]
    image: Image

    @classmethod
    def parse(cls, text: str) -> Wanted:
        name, _equals, rest = text.partition("=")
        profiles, _at, image = rest.partition("@")
        return cls(name, tuple((profiles or "plain").split("+")), Image.parse(image))


@dataclass(frozen=True)
class Host:
    """One running host, as `hosts.json` lists it."""

    name: str
    container: str
    profiles: tuple[str, ...]
    address: str
    user: str
    key: str


def call(*command: str, stdin: str | None = None) -> str:
    """Run a command and return what it prints; what it complains of is shown when it fails."""
    environment = {**os.environ, "CONTAINERS_CONF": str(HERE / "containers.conf")}
    done = subprocess.run(command, env=environment, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def there(kind: str, name: str) -> bool:
    """Whether podman has a network, image or container of that name."""
    environment = {**os.environ, "CONTAINERS_CONF": str(HERE / "containers.conf")}
    return subprocess.run(["podman", kind, "exists", name], env=environment, check=False).returncode == 0


@functools.cache
def own_architecture() -> str:
    return call("dpkg", "--print-architecture")


def make(image: Image) -> None:
    """Make an image, unless it is there: about a minute, two under emulation."""
    if there("image", image.name):
        return
    work = Path(tempfile.mkdtemp(prefix="airgap-uv-bed-", dir=os.environ.get("BED_TMPDIR")))
    try:
        work.chmod(0o755)
        root = work / "root"
        options = [f"--arch={image.arch}", "--variant=minbase", f"--include={','.join(image.packages)}"]
        # In mounts of its own: where debootstrap fails it leaves /proc and /sys below the folder that is
        # removed next. It stays outside for another architecture too: `--foreign` and its second stage
        # take twice as long, since all of debootstrap is emulated then.
        call("unshare", "--mount", "debootstrap", *options, image.suite, str(root))
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
        archive = str(work / "root.tar")
        call("tar", "--create", "--directory", str(root), "--file", archive, ".")
        call("podman", "import", "--arch", image.arch, archive, image.name)
    finally:
        shutil.rmtree(work)


def prefix(folder: Path) -> str:
    """What the names of a bed's containers and network begin with: one bed a folder."""
    return f"airgap-uv-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"


def up(folder: Path, wanted: list[Wanted]) -> None:
    """Start hosts that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    network = prefix(folder)
    for image in {host.image for host in wanted}:
        make(image)
    if not there("network", network):
        call("podman", "network", "create", "--internal", network)
    key = folder / "id_ed25519"
    if not key.exists():
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", network, "-f", str(key))
    for host in wanted:
        if not there("container", f"{network}-{host.name}"):
            start(f"{network}-{host.name}", host, network)
    hosts = [set_up(f"{network}-{host.name}", host, key) for host in wanted]
    text = json.dumps([asdict(host) for host in hosts], indent=2)
    (folder / "hosts.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def start(container: str, host: Wanted, network: str) -> None:
    """Boot a host. /tmp is a file system of its own that a profile may remount."""
    options = ["--detach", "--privileged", "--systemd=always", "--hostname", host.name, "--network", network]
    options += ["--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777"]
    options += ["--arch", host.image.arch, "--name", container]
    words = [f"systemd.mask={unit}" for unit in MASKED]
    call("podman", "run", *options, host.image.name, "/sbin/init", *words)


def set_up(container: str, host: Wanted, key: Path) -> Host:
    """Wait until the host is up, let the key in, and make it what its profile says."""
    deadline = time.monotonic() + START_SECONDS
    while state(container) not in ("running", "degraded"):
        if time.monotonic() > deadline:
            sys.exit(f"{container} is {state(container) or 'silent'} after {START_SECONDS} s")
        time.sleep(0.2)
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    for profile in host.profiles:
        script = (HERE / "profiles" / f"{profile}.sh").read_text(encoding="utf-8")
        call("podman", "exec", "--interactive", container, "sh", "-eu", "-s", LOGIN, public.strip(), stdin=script)
    address = call(
        "podman", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container
    )
    return Host(host.name, container, host.profiles, address, LOGIN, str(key))


def state(container: str) -> str:
    """What systemd says of the whole host: `running` when everything has started."""
    done = subprocess.run(
        ["podman", "exec", container, "systemctl", "is-system-running"],
        env={**os.environ, "CONTAINERS_CONF": str(HERE / "containers.conf")},
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout.strip()


def down(folder: Path) -> None:
    """Remove the folder's containers, its network and its keys."""
    network = prefix(folder)
    names = call("podman", "ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^{network}-").split()
    for name in names:
        call("podman", "rm", "--force", "--volumes", "--time", "2", name)
    if there("network", network):
        call("podman", "network", "rm", network)
    for name in ("hosts.json", "id_ed25519", "id_ed25519.pub"):
        (folder / name).unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("image")
    making.add_argument("images", nargs="+", metavar="IMAGE", type=Image.parse)
    starting = commands.add_parser("up")
    starting.add_argument("folder", type=Path)
    starting.add_argument("hosts", nargs="+", metavar="NAME=PROFILE[@IMAGE]", type=Wanted.parse)
    ending = commands.add_parser("down")
    ending.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "image":
        for image in options.images:
            make(image)
            print(image.name)
    elif options.command == "up":
        up(options.folder.resolve(), options.hosts)
    else:
        down(options.folder)


if __name__ == "__main__":
    main()
