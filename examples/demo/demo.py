# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy the example to this machine, below build/demo/, and show what one gets. `make demo` runs it.

It is run by the Python of an environment that holds Ansible, uv and the controller's libraries.
Nothing outside build/demo/ is written, and nothing is left running. What it says it has checked.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
DEMO = CHECKOUT / "build" / "demo"
PROJECT = DEMO / "project"
HOST = DEMO / "host"
CURRENT = HOST / "current"
UV = HOST / "bin" / "uv"
TOOLS = Path(sys.executable).parent
PYTHON = getattr(sys, "_base_executable", sys.executable)  # a host has no environment of ours
START_SECONDS = 20
# Where pip's user may have named certificates, and where distributions keep theirs.
CERTIFICATES_NAMED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)


class DemoError(Exception):
    """The demo did not show what it set out to show."""


def main() -> int:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        prepare()
        lock()
        first = show_deploy()
        show_answer()
        show_no_change()
        wheel = show_refusal(first)
        show_next_release(first, wheel)
    except DemoError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    say(f"Done. All of it lies in {shown(DEMO)}/; nothing is left running. Delete that folder when you like.")
    return 0


# The steps


def prepare() -> None:
    """A copy of the example, and the checkout where Ansible looks for collections."""
    for old in (PROJECT, HOST, DEMO / "collections"):
        shutil.rmtree(old, ignore_errors=True)
    ignored = shutil.ignore_patterns(".venv", "uv.lock", "__pycache__", ".pytest_cache")
    shutil.copytree(CHECKOUT / "examples" / "whatruns", PROJECT, ignore=ignored)
    namespace = DEMO / "collections" / "ansible_collections" / "airgap"
    namespace.mkdir(parents=True)
    (namespace / "uv").symlink_to(CHECKOUT, target_is_directory=True)


def lock() -> None:
    title("1. Lock the example: uv writes down each distribution with its hashes")
    run("uv", "lock", "--project", str(PROJECT), "--python", PYTHON)
    packages = locked()
    sources = sorted(name for name, one in packages.items() if "sdist" in one and "wheels" not in one)
    say(f"The lock names {len(packages)} packages. Without a wheel on the index: {', '.join(sources)}.")


def show_deploy() -> Path:
    title(f"2. Deploy it to this machine, below {shown(HOST)}/, with the role uv_deploy")
    deploy()
    release = CURRENT.resolve()
    say(f"Release {release.name} is current. It holds the lock, pointed at ../../wheels, and a .venv.")
    return release


def show_answer() -> None:
    title("3. Start it on a free port and ask what it runs on")
    answer = ask()
    print("    /api/distributions answers:", end="\n    ")
    print(json.dumps(answer).replace('{"name"', '\n      {"name"'))
    packages = locked()
    for one in answer["distributions"]:
        name = re.sub(r"[-_.]+", "-", one["name"]).lower()
        if one["version"] != packages[name]["version"]:
            raise DemoError(f"{name} {one['version']} runs, the lock says {packages[name]['version']}")
    say("Each distribution that runs has the version that the lock names. The server is stopped again.")


def show_no_change() -> None:
    title("4. Deploy again: nothing to change")
    if deploy() != 0:
        raise DemoError("the second deploy changed something")
    say("changed=0.")


def show_refusal(release: Path) -> Path:
    """Tamper with a wheel on the host; uv on the host refuses it. Returns the wheel."""
    title("5. Someone changes a wheel on the host, keeping its name, size and time")
    wheel = next((HOST / "wheels").rglob("waitress-*.whl"))
    tamper(wheel)
    say(f"One byte of {shown(wheel)} is another now. Told to install this release once more, uv says:")
    sync = f"sync --locked --no-index -f ../../wheels --no-cache --no-config --python {PYTHON}"
    with tempfile.TemporaryDirectory(dir=DEMO) as scratch:
        elsewhere = f"{scratch}/venv"
        code = run(str(UV), *sync.split(), cwd=release, fine=(0, 1, 2), UV_PROJECT_ENVIRONMENT=elsewhere)
    if code == 0:
        raise DemoError("uv installed a tampered wheel")
    return wheel


def show_next_release(first: Path, wheel: Path) -> None:
    title("6. The application changes, its version does not; deploy it over the tampered wheel")
    page = PROJECT / "src" / "whatruns" / "templates" / "page.html"
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>", "<h1>The new "), encoding="utf-8")
    bad = sha256(wheel)
    deploy("--diff")
    if sha256(wheel) == bad:
        raise DemoError(f"{wheel} is still the tampered one")
    second = CURRENT.resolve()
    if second == first or not first.is_dir():
        raise DemoError(f"{second.name} should stand beside {first.name}")
    ask(page="The new whatruns")
    say(f"The wheel was put right and {second.name} answers; {first.name} is kept beside it.")


# What they use


def deploy(*options: str) -> int:
    """Run the playbook, which shows what it changes; how many tasks changed something."""
    log = DEMO / "deploy.log"
    given = {"uv_deploy_python": PYTHON, "uv_deploy_ca_bundle": certificates()}
    for name, value in given.items():
        options += ("-e", f"{name}={shlex.quote(value)}") if value else ()
    run("ansible-playbook", str(HERE / "deploy.yml"), *options, log=log)
    return int(re.findall(r"\bchanged=(\d+)", log.read_text(encoding="utf-8"))[-1])


def ask(page: str = "whatruns") -> dict[str, Any]:
    """Start the current release, look at its page, and return what its JSON says."""
    with serving() as address:
        html = get(f"{address}/").decode()
        if f"<h1>{page} " not in html:
            raise DemoError(f"the page does not name {page!r}:\n{html}")
        print(f"    {address}/ answers: {re.findall('<h1>(.*)</h1>', html)[0]}")
        answer: dict[str, Any] = json.loads(get(f"{address}/api/distributions"))
        return answer


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The current release on a free loopback port, for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = CURRENT / ".venv" / "bin" / "whatruns"
    print(f"\n    $ {shown(program)} --port {port}")
    server = subprocess.Popen([program, "--port", str(port)], env=environment(), stdin=subprocess.DEVNULL)
    try:
        wait_for(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS)


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise DemoError(f"the application ended with code {server.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise DemoError(f"nothing listens on port {port} after {START_SECONDS} seconds")


def get(url: str) -> bytes:
    """Straight from this machine, whatever proxy the environment names."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=START_SECONDS) as response:
            body: bytes = response.read()
            return body
    except urllib.error.URLError as error:
        raise DemoError(f"{url}: {error}") from error


def locked() -> dict[str, dict[str, Any]]:
    """The lock's packages by name."""
    packages = tomli.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {package["name"]: package for package in packages}


def tamper(path: Path) -> None:
    """Change one byte, and keep size and time.

    The byte belongs to the first member's time stamp, so the archive stays whole: only a hash tells.
    """
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[10] ^= 0x02
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def certificates() -> str:
    """The machine's own certificates, as pip takes them: an office's proxy may sign with one of its own."""
    named = [os.environ.get(name, "") for name in CERTIFICATES_NAMED]
    return next((path for path in (*named, *CERTIFICATES) if path and Path(path).is_file()), "")


@functools.cache
def pip_index() -> str:
    """The index that pip's user has set and uv does not know of, or nothing."""
    if "UV_DEFAULT_INDEX" in os.environ or "UV_INDEX_URL" in os.environ:
        return ""
    if "PIP_INDEX_URL" in os.environ:
        return os.environ["PIP_INDEX_URL"]
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def environment(**more: str) -> dict[str, str]:
    """Our tools first; files below build/demo; of the user's settings those that lead to an index."""
    theirs = ("ANSIBLE_", "UV_", "VIRTUAL_ENV", "PYTHONPATH")
    ours = ("UV_DEFAULT_INDEX", "UV_INDEX")
    return {
        **{key: value for key, value in os.environ.items() if key.startswith(ours) or not key.startswith(theirs)},
        "PATH": f"{TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(DEMO / "collections"),
        "ANSIBLE_HOME": str(DEMO / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(DEMO / "ansible" / "tmp"),
        "UV_PYTHON_DOWNLOADS": "never",
        "XDG_CACHE_HOME": str(DEMO / "cache"),
        **({"SSL_CERT_FILE": certificates()} if certificates() else {}),
        **({"UV_DEFAULT_INDEX": pip_index()} if pip_index() else {}),
        **more,
    }


def run(
    *command: str,
    cwd: Path = CHECKOUT,
    fine: tuple[int, ...] = (0,),
    log: Path | None = None,
    **more: str,
) -> int:
    """Run a command, with `more` in its environment; show it and what it prints, and keep that in `log`.

    Returns its exit code, which must be among `fine`.
    """
    print(f"\n    $ {' '.join(shown(part) for part in command)}")
    process = subprocess.Popen(
        command, cwd=cwd, env=environment(**more), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert process.stdout is not None
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(log.open("w", encoding="utf-8")) if log else None
        blank = ""  # held back, so that nothing ends with empty lines
        for line in process.stdout:
            text = line.rstrip()
            if text:
                print(f"{blank}    {text}")
            blank = "" if text else blank + "\n"
            if kept:
                kept.write(line)
    code = process.wait()
    if code not in fine:
        raise DemoError(f"{command[0]} ended with code {code}")
    return code


def shown(path: object) -> str:
    return str(path).replace(f"{CHECKOUT}/", "")


def title(text: str) -> None:
    print(f"\n\n{text}")


def say(text: str) -> None:
    print(f"\n  {text}")


if __name__ == "__main__":
    sys.exit(main())
