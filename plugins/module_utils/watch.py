# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running what may never end: a time limit for the commands that a host is asked with."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner

# `AnsibleModule.run_command`, which hands the process to a callback before it waits for it.
RunCommand = Callable[..., "tuple[int, str, str]"]

# An interpreter starts in milliseconds, on a slow card or under emulation in one or two seconds.
PATIENCE = 10.0


def watched(run_command: RunCommand, seconds: float = PATIENCE) -> Runner:
    """A runner that ends a command, and all that it started, after `seconds`, and raises `TimeoutError` then."""

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        watch = _Watch(seconds)
        try:
            rc, out, err = run_command(
                list(argv),
                handle_exceptions=False,
                expand_user_and_vars=False,
                before_communicate_callback=watch.start,
            )
        finally:
            watch.stop()
        if watch.overdue:
            raise TimeoutError(errno.ETIMEDOUT, f"no answer in {seconds:g} s")
        return rc, out, err

    return run


class _Watch:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.overdue = False
        self._timer: threading.Timer | None = None

    def start(self, process: Any) -> None:
        self._timer = threading.Timer(self.seconds, self._end, (process,))
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _end(self, process: Any) -> None:
        if process.poll() is not None:
            return
        self.overdue = True
        # Not by process group: run_command starts a command in the module's own.
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """What a process started, and what that started (proc(5))."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while it is looked at. Its name, in brackets, may hold anything.
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found[1:]
