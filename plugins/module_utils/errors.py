# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, one class a kind.

Each class carries the facts as attributes and builds its sentence from them: what happened,
where, and what to do. Nothing here knows Ansible; `guard.guarded` turns them into `fail_json`.
"""

from __future__ import annotations

from typing import Any


class AirgapError(Exception):
    """Base of everything that a user can put right. `str()` is the whole message."""

    def facts(self) -> dict[str, Any]:
        """The public attributes, for `fail_json`: plain values only."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}


class CommandError(AirgapError):
    """A command that the work needs did not succeed."""

    def __init__(self, what: str, argv: list[str], rc: int, output: str, remedy: str = "") -> None:
        super().__init__(what, argv, rc, output, remedy)
        self.what = what
        self.argv = argv
        self.rc = rc
        self.output = output
        self.remedy = remedy

    def __str__(self) -> str:
        tail = "\n".join(self.output.strip().splitlines()[-20:])
        said = f" It said:\n{tail}" if tail else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.what}: {' '.join(self.argv[:2])} ended with code {self.rc}.{remedy}{said}"
