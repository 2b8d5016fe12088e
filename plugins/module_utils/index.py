# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package index of the project, and who may read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Index:
    """An entry of `[[tool.uv.index]]`."""

    name: str | None
    url: str
    default: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Index:
        return cls(raw.get("name"), str(raw["url"]), bool(raw.get("default")))
