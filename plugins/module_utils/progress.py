# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a collect tells: while it works, lines in a file that the action plugin reads; then time and difference."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Callable

# Names the file. Set by the action plugin for its own module run alone.
VARIABLE = "AIRGAP_UV_PROGRESS"


@dataclass(frozen=True)
class Progress:
    """Writes the latest sentence; without a file (`None`) it is silent."""

    path: str | None

    def say(self, sentence: str) -> None:
        if self.path:
            # Progress is a kindness: a disk that is full must not end the work here.
            with contextlib.suppress(OSError), open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{sentence}\n")


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def reporter(progress: Progress, total: int, size: int) -> Callable[[int, int], None]:
    """Says how far the downloads are; `size` is 0 where the lock does not tell it."""
    of = f" of {megabytes(size)}" if size else ""

    def report(done: int, received: int) -> None:
        progress.say(f"fetched {done} of {total} files, {megabytes(received)}{of}")

    return report


@dataclass
class Underway:
    """Work of which parts are done side by side: each sentence names them all, for the latest alone is shown."""

    progress: Progress
    verb: str
    total: int
    _labels: list[str] = field(default_factory=list)
    _begun: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def doing(self, label: str) -> Iterator[None]:
        with self._lock:
            self._begun += 1
            self._labels.append(label)
            self._say()
        try:
            yield
        finally:
            with self._lock:
                self._labels.remove(label)
                if self._labels:
                    self._say()

    def _say(self) -> None:
        self.progress.say(f"{self.verb} {' and '.join(self._labels)} ({self._begun} of {self.total})")


class Clock:
    """Wall time since it was made, in seconds."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._start, 3)


def difference(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """As Ansible's `diff` wants it: two texts, a line a wheel."""
    return {
        "before": "".join(f"{line}\n" for line in before),
        "after": "".join(f"{line}\n" for line in after),
    }
