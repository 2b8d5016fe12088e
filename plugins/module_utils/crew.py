# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work done side by side within the CPUs of this machine, all of it ended when one part or the run itself ends."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Callable, TypeVar

from ansible_collections.airgap.uv.plugins.module_utils.watch import RunCommand, descendants

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

# A control group's share of CPU time, in microseconds a period (https://docs.kernel.org/admin-guide/cgroup-v2.html).
_QUOTA = Path("/sys/fs/cgroup/cpu.max")

# What would end this process at once, and leave what it started.
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

# What is killed may just have started something; it is looked for again, up to so often.
_ROUNDS = 20
_GRACE = 5.0  # seconds
_PAUSE = 0.1


def cpus() -> int:
    """How many CPUs this process may use."""
    known = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        known = min(known, -(-int(quota) // int(period)))
    return max(1, known)


class Ended(Exception):
    """The run is given up while this was at work."""


@dataclass
class Crew:
    """Up to `jobs` parts of a work at a time. What they run by `run_command` is ended with them."""

    jobs: int
    _run: RunCommand
    _processes: set[Any] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run_command(self, argv: Sequence[str], **more: Any) -> tuple[int, str, str]:
        """As Ansible's, for the parts of the work."""
        told = more.pop("before_communicate_callback", None)
        begun: list[Any] = []

        def started(process: Any) -> None:
            with self._lock:
                self._processes.add(process)
                begun.append(process)
            if told:
                told(process)
            if self.over:
                _end([process])

        try:
            return self._run(argv, before_communicate_callback=started, **more)
        except BaseException:
            _end(begun)
            raise
        finally:
            with self._lock:
                self._processes.difference_update(begun)

    @property
    def over(self) -> bool:
        """Whether the work was given up; what waits for another run need wait no more."""
        return self._over.is_set()

    def work(self, chains: Sequence[Sequence[Item]], part: Callable[[Item], Outcome]) -> list[list[Outcome]]:
        """Do each chain's parts one after another, and chains side by side. The outcomes are in the order given.

        The first exception of a part ends all others and is raised, as is Ctrl-C's and what a signal asks for.
        """

        def chained(chain: Sequence[Item]) -> list[Outcome]:
            found = []
            for item in chain:
                if self.over:
                    raise Ended
                found.append(part(item))
            return found

        with _signals_raise(), concurrent.futures.ThreadPoolExecutor(max(1, self.jobs)) as pool:
            futures = [pool.submit(chained, chain) for chain in chains]
            try:
                for done in concurrent.futures.as_completed(futures):
                    done.result()
            except BaseException:
                self._give_up(futures)
                raise
            return [future.result() for future in futures]

    def _give_up(self, futures: Sequence[concurrent.futures.Future[Any]]) -> None:
        self._over.set()
        for future in futures:
            future.cancel()
        with self._lock:
            left = list(self._processes)
        _end(left)


def _end(processes: Sequence[Any]) -> None:
    """End processes and all that they started: a build's own overseer does that at a word (`cell`)."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGTERM)
    until = time.monotonic() + _GRACE
    while any(process.poll() is None for process in processes) and time.monotonic() < until:
        time.sleep(_PAUSE)
    for process in processes:
        _kill(process)


def _kill(process: Any) -> None:
    for _round in range(_ROUNDS):
        left = [*descendants(process.pid), *([process.pid] if process.poll() is None else [])]
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return
        time.sleep(_PAUSE)


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """Have the signals that end a process raise `SystemExit`, so that what it started ends too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
