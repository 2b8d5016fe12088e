# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the caller wants built from source, what never, and the wheels that it brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pins

ALL = ":all:"


@dataclass(frozen=True)
class Preferences:
    """The options of these names; as in uv, a name in one goes before `:all:` in the other.

    `wheels_only`: what is asked for is never built, whatever they say.
    """

    no_binary: frozenset[str] = frozenset()
    no_build: frozenset[str] = frozenset()
    extra_wheels: tuple[ExtraWheel, ...] = ()
    wheels_only: bool = False
    constraints: str | None = None  # the digest of `build_constraints`: other build tools, other bytes
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)  # of builds, by package; `*`: of all others

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Preferences:
        """Take them from a module's parameters."""
        return cls(
            _names(raw.get("no_binary")),
            _names(raw.get("no_build")),
            tuple(ExtraWheel.parse(item) for item in raw.get("extra_wheels") or []),
        )

    def pinned_by(self, pins: Pins) -> Preferences:
        return replace(self, constraints=pins.digest if pins else None)

    def from_source(self, name: str) -> bool:
        return name in self.no_binary or (ALL in self.no_binary and name not in self.no_build)

    def built_with(self, name: str) -> tuple[str, ...]:
        """What stands for all that is declared for builds of a package; empty where nothing is."""
        return tuple(filter(None, (self.constraints, self.settings.get(name, self.settings.get("*", "")))))

    def never_built(self, name: str) -> bool:
        return name in self.no_build or (ALL in self.no_build and name not in self.no_binary)


def _names(names: Iterable[str] | None) -> frozenset[str]:
    return frozenset(name if name == ALL else utils.canonicalize_name(name) for name in names or ())
