# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a project gets its dependencies from, on loopback: a private index and a web server with git.

    servers.py up FOLDER PYTHON    start them; what they are is written to FOLDER/servers.json
    servers.py down FOLDER         end those of that folder, and nothing else

PYTHON belongs to the environment of tests/requirements/devpi.txt. The index (devpi) has one user, whose
password is made up anew each time and stands in servers.json, which nobody else may read. The web server
gives the files of FOLDER/web, see web.py, and wants the same user and password for its git repositories.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
START_SECONDS = 60
USER = "team"


def up(folder: Path, python: str) -> None:
    down(folder)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "web" / "git").mkdir(parents=True)
    password = secrets.token_hex(16)
    told: dict[str, Any] = {"user": USER, "password": password, "pids": []}
    try:
        told["files"] = start_web(folder, told)
        told["index"] = start_index(folder, python, told)
    finally:
        path = folder / "servers.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def start_web(folder: Path, told: dict[str, Any]) -> str:
    """Start the web server; return where its files are."""
    port_file = folder / "web.port"
    who = {"WEB_USER": told["user"], "WEB_PASSWORD": told["password"]}
    command = [sys.executable, HERE / "web.py", folder / "web", port_file]
    told["pids"].append(spawn(command, folder / "web.log", **who))
    wait(port_file.is_file, "the web server")
    return f"http://127.0.0.1:{port_file.read_text(encoding='utf-8')}"


def start_index(folder: Path, python: str, told: dict[str, Any]) -> str:
    """Start devpi and let its user have an index; return where its simple API is."""
    where = ["--serverdir", str(folder / "devpi")]
    root = secrets.token_hex(16)
    devpi = [python, "-W", "ignore", "-m"]
    with (folder / "init.log").open("w") as log:
        init = [*devpi[:-1], "-c", "import sys; from devpi_server.init import init; sys.exit(init())"]
        subprocess.run([*init, *where, "--no-root-pypi", "--root-passwd", root], stdout=log, stderr=log, check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*devpi[:-1], HERE / "private_index.py", *where, "--host", "127.0.0.1", "--port", port]
    told["pids"].append(spawn(command, folder / "devpi.log"))
    wait(lambda: status(f"{url}/+api") == 401, "devpi")
    put(f"{url}/{USER}", {"password": told["password"]}, "root", root)
    put(f"{url}/{USER}/main", {"type": "stage", "bases": []}, USER, told["password"])
    return f"{url}/{USER}/main/+simple"


def spawn(command: list[Any], log: Path, **environ: str) -> int:
    """Start a process that stays; return its number."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return started.pid


def wait(ready: Any, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            sys.exit(f"{what} does not answer after {START_SECONDS} s")
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def status(url: str) -> int:
    """What a server answers, or 0 when it does not."""
    try:
        with opener().open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def put(url: str, content: dict[str, Any], user: str, password: str) -> None:
    who = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Basic {who}"}
    request = urllib.request.Request(url, json.dumps(content).encode(), headers, method="PUT")
    opener().open(request, timeout=30).close()


def opener() -> urllib.request.OpenerDirector:
    """One that asks no proxy: the servers are on this machine."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def down(folder: Path) -> None:
    """End the processes that servers.json names, if they are still those that it means."""
    with contextlib.suppress(FileNotFoundError):
        told = json.loads((folder / "servers.json").read_text(encoding="utf-8"))
        for pid in told["pids"]:
            with contextlib.suppress(OSError):
                if os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGTERM)
        (folder / "servers.json").unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up")
    starting.add_argument("folder", type=Path)
    starting.add_argument("python")
    ending = commands.add_parser("down")
    ending.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "up":
        up(options.folder.resolve(), options.python)
    else:
        down(options.folder.resolve())


if __name__ == "__main__":
    main()
