# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a build: in a cell of its own, and ended with all that it started when it takes too long."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.airgap.uv.plugins.module_utils import cell
from ansible_collections.airgap.uv.plugins.module_utils.watch import RunCommand

# What is killed may just have started something; it is looked for again, up to so often.
_ROUNDS = 20
_PAUSE = 0.1

# Seconds in which a cell ends what is in it.
_GRACE = 5.0

# The discard port, where nobody listens.
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Runner(Protocol):
    """Runs a command and gives its return code, standard output and standard error."""

    def __call__(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]: ...


@dataclass(frozen=True)
class Limits:
    """`seconds`: how long it may take. `writable`: where it may write. `network`: whether it may reach any."""

    seconds: float
    writable: tuple[Path, ...] = ()
    network: bool = True


@dataclass(frozen=True)
class Means:
    """What the kernel has to hold a build with. `landlock`: its version, 0 for none. `network`: as `cell.network`."""

    landlock: int
    network: str

    @property
    def warning(self) -> str:
        """For builds that are to reach no network; empty where that can be enforced."""
        if self.network:
            return ""
        return (
            "Builds with pinned requirements are to reach no network, and nothing here can keep them from it: the "
            "kernel gives this user no network namespace and has no Landlock with rules for TCP. They were only given "
            "proxies that lead nowhere."
        )


class Overdue(Exception):
    """`output`: what the command had said until it was ended."""

    def __init__(self, seconds: float, output: str) -> None:
        super().__init__(seconds, output)
        self.seconds = seconds
        self.output = output


@functools.lru_cache(maxsize=1)
def means(run_command: RunCommand) -> Means:
    """Asked of a process of its own, for to find out it has to be tried."""
    rc, out, _err = run_command([*_program(), "{}"], expand_user_and_vars=False)
    try:
        found = json.loads(out) if rc == 0 else {}
    except ValueError:
        found = {}
    return Means(found.get("landlock", 0), found.get("network", ""))


def confined(run_command: RunCommand, limits: Limits) -> Runner:
    """A runner for what may ask, hang, write elsewhere or leave processes behind.

    It raises `Overdue` when its time is over. The environment that it is given is all that the command sees.
    """

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        timer: list[_Limit] = []
        kernel = means(run_command)
        env = env if limits.network else _without_network(env, kernel)

        def started(process: Any) -> None:
            timer.append(_Limit(limits.seconds, process))

        try:
            rc, out, err = run_command(
                [*_program(), json.dumps(_order(kernel, limits, env)), *argv],
                cwd=cwd,
                environ_update=dict(env),
                before_communicate_callback=started,
                expand_user_and_vars=False,
            )
        finally:
            for limit in timer:
                limit.lift()
        if any(limit.over for limit in timer):
            raise Overdue(limits.seconds, out + err)
        return rc, out, err

    return run


@functools.lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    # Its text, for on hosts modules lie in an archive.
    return (sys.executable, "-I", "-S", "-c", inspect.getsource(cell))


def _order(kernel: Means, limits: Limits, env: Mapping[str, str]) -> dict[str, Any]:
    for path in limits.writable:
        path.mkdir(parents=True, exist_ok=True)
    return {
        "names": sorted(env),
        "writable": [str(path) for path in limits.writable],
        "landlock": kernel.landlock if limits.writable or not limits.network else 0,
        "network": "" if limits.network else kernel.network,
        "parent": os.getpid(),
    }


def _without_network(env: Mapping[str, str], kernel: Means) -> dict[str, str]:
    """Proxies lead nowhere then, or to where nothing else keeps a build from."""
    rest = {name: value for name, value in env.items() if name.lower() not in _PROXIES}
    return rest if kernel.network else {**rest, **dict.fromkeys((*_PROXIES, *map(str.upper, _PROXIES)), _NOWHERE)}


class _Limit:
    def __init__(self, seconds: float, process: Any) -> None:
        self.over = False
        self.process = process
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def lift(self) -> None:
        """It was over in time, or the whole run is given up."""
        self._timer.cancel()
        if self.over:
            self._timer.join()
        elif self.process.poll() is None:
            self._kill()

    def _end(self) -> None:
        if self.process.poll() is not None:
            return
        self.over = True
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.process.pid, signal.SIGTERM)
        until = time.monotonic() + _GRACE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                return
            time.sleep(_PAUSE)
        for _round in range(_ROUNDS):
            left = {*cell.descendants(self.process.pid), *([self.process.pid] if self.process.poll() is None else [])}
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            # Where there is no /proc the group is all that is known.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            if not left:
                return
            time.sleep(_PAUSE)
