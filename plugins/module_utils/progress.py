# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a long collect tells while it works: lines in a file that the action plugin reads."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

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


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
