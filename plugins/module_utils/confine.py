# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a build: without a terminal, without input, and ended with all that it started when it takes too long."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.airgap.uv.plugins.module_utils.watch import RunCommand

# A session of its own has no terminal to ask on (setsid(2)), and its processes are found by it.
# It sees the variables that are named to it, and no others.
_APART = """
import os, sys
names, argv = sys.argv[1].split(","), sys.argv[2:]
os.setsid()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.execvpe(argv[0], argv, {name: os.environ[name] for name in names if name in os.environ})
"""

# What is killed may just have started something; it is looked for again, up to so often.
_ROUNDS = 20
_PAUSE = 0.1


class Runner(Protocol):
    """Runs a command and gives its return code, standard output and standard error."""

    def __call__(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]: ...


@dataclass(frozen=True)
class Limits:
    """`seconds`: how long it may take. `writable`: where it may write. `network`: whether it may reach any."""

    seconds: float
    writable: tuple[Path, ...] = ()
    network: bool = True


class Overdue(Exception):
    """`output`: what the command had said until it was ended."""

    def __init__(self, seconds: float, output: str) -> None:
        super().__init__(seconds, output)
        self.seconds = seconds
        self.output = output


def confined(run_command: RunCommand, limits: Limits) -> Runner:
    """A runner for what may ask, hang or leave processes behind. It raises `Overdue` when its time is over.

    The environment that it is given is all that the command sees.
    """
    seconds = limits.seconds

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        timer: list[_Limit] = []

        def started(process: Any) -> None:
            timer.append(_Limit(seconds, process))

        try:
            rc, out, err = run_command(
                [sys.executable, "-I", "-S", "-c", _APART, ",".join(env), *argv],
                cwd=cwd,
                environ_update=dict(env),
                before_communicate_callback=started,
            )
        finally:
            for limit in timer:
                limit.lift()
        if any(limit.over for limit in timer):
            raise Overdue(seconds, out + err)
        return rc, out, err

    return run


class _Limit:
    def __init__(self, seconds: float, process: Any) -> None:
        self.over = False
        self.process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def lift(self) -> None:
        self._timer.cancel()
        if self.over:
            self._timer.join()

    def _end(self) -> None:
        if self.process.poll() is not None:
            return
        self.over = True
        for _round in range(_ROUNDS):
            left = _members(self.process.pid)
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            # Where there is no /proc the group is all that is known.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            if not left:
                return
            time.sleep(_PAUSE)


def _members(leader: int) -> set[int]:
    """The processes that live of a session: those in it, and what they started in others (proc(5))."""
    found: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while it is looked at. Its name, in brackets, may hold anything.
        with contextlib.suppress(OSError, IndexError, ValueError):
            state, parent, _group, session = stat.read_text(errors="replace").rpartition(")")[2].split()[:4]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent), int(session)
    members = {pid for pid, (_parent, session) in found.items() if leader in (pid, session)}
    while True:
        more = {pid for pid, (parent, _session) in found.items() if parent in members} - members
        if not more:
            return members
        members |= more
