# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running what may never end: a time limit for the commands that a host is asked with."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner

# `AnsibleModule.run_command`, which hands the process to a callback before it waits for it.
RunCommand = Callable[..., "tuple[int, str, str]"]

# An interpreter starts in milliseconds, on a slow card or under emulation in one or two seconds.
PATIENCE = 10.0


def watched(run_command: RunCommand, setsid: str | None, seconds: float = PATIENCE) -> Runner:
    """A runner that ends a command, and all that it started, after `seconds`, and raises `TimeoutError` then.

    `setsid` is the path of that program, which gives the command a process group of its own; without it only
    the command itself is ended.
    """

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        # setsid would say it in its own words.
        if not os.path.exists(argv[0]):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
        if os.path.isdir(argv[0]) or not os.access(argv[0], os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), argv[0])
        watch = _Watch(seconds)
        try:
            rc, out, err = run_command(
                [*([setsid] if setsid else []), *argv],
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
        try:
            own = os.getpgid(process.pid) == process.pid
            (os.killpg if own else os.kill)(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
