# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian hosts for tests: containers with systemd and sshd on a network without a way out.

    bed.py image SUITE                 make the image of a Debian release, unless it is there; print its name
    bed.py up FOLDER NAME=PROFILE...   start hosts; what they are is written to FOLDER/hosts.json
    bed.py down FOLDER                 remove the hosts of that folder, and nothing else

A profile is a script of profiles/ that runs on the host before anybody logs in. It needs root.
Images come from debootstrap, since a registry may be out of reach, and are named after what they
are made from; they hold neither a compiler nor uv.
"""

from __future__ import annotations

import argparse
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
START_SECONDS = 60
LOGIN = "deploy"


@dataclass(frozen=True)
class Host:
    """One running host, as `hosts.json` lists it."""

    name: str
    container: str
    profile: str
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


def image(suite: str) -> str:
    """The name of the image of a Debian release, which is made where it is missing (about a minute)."""
    content = hashlib.sha256(" ".join((suite, *PACKAGES)).encode()).hexdigest()[:12]
    name = f"localhost/airgap-uv-bed:{suite}-{content}"
    if there("image", name):
        return name
    work = Path(tempfile.mkdtemp(prefix="airgap-uv-bed-", dir=os.environ.get("BED_TMPDIR")))
    try:
        work.chmod(0o755)
        root = str(work / "root")
        call("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, root)
        shutil.rmtree(work / "root/var/cache/apt/archives", ignore_errors=True)
        shutil.rmtree(work / "root/var/lib/apt/lists", ignore_errors=True)
        archive = str(work / "root.tar")
        call("tar", "--create", "--directory", root, "--file", archive, ".")
        call("podman", "import", archive, name)
    finally:
        shutil.rmtree(work)
    return name


def prefix(folder: Path) -> str:
    """What the names of a bed's containers and network begin with: one bed a folder."""
    return f"airgap-uv-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"


def up(folder: Path, wanted: dict[str, str], suite: str) -> None:
    """Start hosts that are not there yet, by name and profile."""
    folder.mkdir(parents=True, exist_ok=True)
    made_from, network = image(suite), prefix(folder)
    if not there("network", network):
        call("podman", "network", "create", "--internal", network)
    key = folder / "id_ed25519"
    if not key.exists():
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", network, "-f", str(key))
    for name in wanted:
        if not there("container", f"{network}-{name}"):
            start(f"{network}-{name}", name, network, made_from)
    hosts = [set_up(f"{network}-{name}", name, profile, key) for name, profile in wanted.items()]
    text = json.dumps([asdict(host) for host in hosts], indent=2)
    (folder / "hosts.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def start(container: str, name: str, network: str, made_from: str) -> None:
    """Boot a host. /tmp is a file system of its own that a profile may remount."""
    options = ["--detach", "--privileged", "--systemd=always", "--hostname", name, "--network", network]
    options += ["--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777"]
    call("podman", "run", *options, "--name", container, made_from, "/sbin/init")


def set_up(container: str, name: str, profile: str, key: Path) -> Host:
    """Wait until the host is up, let the key in, and make it what its profile says."""
    deadline = time.monotonic() + START_SECONDS
    while state(container) not in ("running", "degraded"):
        if time.monotonic() > deadline:
            sys.exit(f"{container} is {state(container) or 'silent'} after {START_SECONDS} s")
        time.sleep(0.2)
    script = (HERE / "profiles" / f"{profile}.sh").read_text(encoding="utf-8")
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    call("podman", "exec", "--interactive", container, "sh", "-eu", "-s", LOGIN, public.strip(), stdin=script)
    address = call(
        "podman", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container
    )
    return Host(name, container, profile, address, LOGIN, str(key))


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
    making.add_argument("suite")
    starting = commands.add_parser("up")
    starting.add_argument("folder", type=Path)
    starting.add_argument("hosts", nargs="+", metavar="NAME=PROFILE")
    starting.add_argument("--suite", default="bookworm")
    ending = commands.add_parser("down")
    ending.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "image":
        print(image(options.suite))
    elif options.command == "up":
        up(options.folder.resolve(), dict(host.split("=", 1) for host in options.hosts), options.suite)
    else:
        down(options.folder)


if __name__ == "__main__":
    main()
