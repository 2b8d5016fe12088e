# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real git repositories, and a server that gives them over HTTP as plain files."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.projects import write_tree

_WHO = {f"GIT_{role}_{fact}": "a@index.test" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")}
_WHEN = {f"GIT_{role}_DATE": "2020-02-02T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, with no settings of anybody's; its output without the last line break."""
    environ = {**os.environ, **_WHO, **_WHEN, **_ALONE}
    done = subprocess.run(["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(words)}: {done.stderr}")
    return done.stdout.strip()


def commit(folder: Path, tree: Mapping[str, str], tag: str = "") -> str:
    """Write files into the repository in `folder`, which is made when it is not there; return the commit."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--initial-branch", "main")
    write_tree(folder, tree)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change")
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, wanted: str = "", status: int = 401, **more: Any) -> None:
        self.wanted = wanted
        self.status = status
        super().__init__(*arguments, **more)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is told."""

    def do_GET(self) -> None:
        if self.wanted and self.headers.get("Authorization") != self.wanted:
            self.send_response(self.status)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()


@contextlib.contextmanager
def served(folder: Path, account: str = "", status: int = 401) -> Iterator[str]:
    """The URL under which the files of a folder are given. git repositories: after `publish`.

    `account`: `user:password` that is wanted; without it the answer is `status`.
    """
    wanted = f"Basic {base64.b64encode(account.encode()).decode()}" if account else ""
    handler = functools.partial(_Quiet, directory=str(folder), wanted=wanted, status=status)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def publish(folder: Path, bare: Path) -> Path:
    """A bare copy that a server of plain files can give (git-update-server-info(1))."""
    git(folder, "clone", "--quiet", "--bare", str(folder), str(bare))
    git(bare, "update-server-info")
    return bare
