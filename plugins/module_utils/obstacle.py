# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a target from being served: a value, so that a report can tell all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import TargetsNotServed
from ansible_collections.airgap.uv.plugins.module_utils.represented import Refused
from ansible_collections.airgap.uv.plugins.module_utils.target import Target


@dataclass(frozen=True)
class Obstacle:
    """`package`: name and version, or None where the whole target is meant. `nearest`: file name of a wheel.

    `reason` is a sentence without its full stop.
    """

    target: Target | Refused
    package: str | None
    reason: str
    nearest: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As the module's `obstacles` returns it."""
        return {"target": self.target.label, "package": self.package, "reason": self.reason, "nearest": self.nearest}


def told(obstacles: Iterable[Obstacle]) -> list[dict[str, Any]]:
    """All of them as plain values, each once, by target and package."""
    found = {(item.target.label, item.package or "", item.reason): item.as_dict() for item in obstacles}
    return [found[key] for key in sorted(found)]


def refuse(obstacles: Iterable[Obstacle]) -> None:
    """Raise one error with all of them, if there are any."""
    found = told(obstacles)
    if found:
        raise TargetsNotServed(found)
