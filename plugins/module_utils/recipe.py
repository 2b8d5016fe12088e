# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a package is built: all that is declared for it, and nothing else steers its build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """What is declared for the builds of one package, beside its source and its Python.

    `environment`: variables. `config_settings`: for the backend (PEP 517), a value or several for each name.
    `requires`: requirements of the build beside those that the source names itself. `constraints`: text in pip's
    requirements format, either with a hash for each build requirement or, where they are not `pinned`, bounds alone.
    """

    environment: tuple[tuple[str, str], ...] = ()
    config_settings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    requires: tuple[str, ...] = ()
    constraints: str = ""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Recipe:
        """From plain values, as `as_dict` gives them."""
        settings = {
            name: (value,) if isinstance(value, str) else tuple(value)
            for name, value in (raw.get("config_settings") or {}).items()
        }
        return cls(
            tuple(sorted((raw.get("environment") or {}).items())),
            tuple(sorted(settings.items())),
            tuple(sorted(raw.get("requires") or ())),
            raw.get("constraints") or "",
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "environment": dict(self.environment),
            "config_settings": {name: list(values) for name, values in self.config_settings},
            "requires": list(self.requires),
            "constraints": self.constraints,
        }

    @property
    def pinned(self) -> bool:
        """Whether the constraints name the very files that a build is made with."""
        return "--hash=" in self.constraints

    @property
    def digest(self) -> str:
        """A name for the whole; empty where nothing is declared."""
        if self == Recipe():
            return ""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def arguments(self) -> list[str]:
        """The config settings as `uv build` takes them."""
        pairs = [(name, value) for name, values in self.config_settings for value in values]
        return [word for name, value in pairs for word in ("--config-setting", f"{name}={value}")]
