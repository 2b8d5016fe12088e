# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings as uv reads them, from `[tool.uv]` or `uv.toml`: what is not of their form is refused with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import FileInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import requirements, utils
from ansible_collections.airgap.uv.plugins.module_utils.preferences import ALL

# For every package, in the option of that name.
EVERY = "*"

# A value or several for each name (PEP 517).
Settings = Mapping[str, "tuple[str, ...]"]


@dataclass(frozen=True)
class Extra:
    """A build requirement beside those of the source. `runtime`: in the version that the targets install.

    `sourced`: the project has a place of its own for it (`tool.uv.sources`), where uv takes it from.
    """

    text: str
    runtime: bool = False
    sourced: bool = False


@dataclass(frozen=True)
class Table:
    """Settings as a file has them; what is not of the form that uv reads is refused with its place."""

    where: str
    raw: Mapping[str, Any]

    def by_package(self, key: str) -> dict[str, Mapping[str, Any]]:
        found = self.raw_by_package(key)
        for name, value in found.items():
            if not isinstance(value, dict):
                self._refuse(f"{key}.{name} is not a table")
        return found

    def raw_by_package(self, key: str) -> dict[str, Any]:
        table = self.raw.get(key, {})
        if not isinstance(table, dict):
            self._refuse(f"{key} is not a table")
        return {normal(name): value for name, value in table.items()}

    def settings(self, key: str, raw: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(raw, dict):
            self._refuse(f"{key} is not a table")
        found = _settings(raw)
        if isinstance(found, str):
            raise FileInvalid(self.where, f"{key}.{found} is neither a string nor an array of strings")
        return found

    def variables(self, key: str, raw: Mapping[str, Any]) -> dict[str, str]:
        for name, value in raw.items():
            if not isinstance(value, str):
                self._refuse(f"{key}.{name} is not a string")
        return dict(raw)

    def extras(self, key: str, raw: Any, sourced: Collection[str]) -> tuple[Extra, ...]:
        if not isinstance(raw, list):
            self._refuse(f"{key} is not an array")
        found = [extra_of(item) for item in raw]
        for number, item in enumerate(found):
            if isinstance(item, str):
                self._refuse(f"{key}[{number}] {item}")
        extras = [item for item in found if isinstance(item, Extra)]
        return tuple(
            replace(item, sourced=normal(requirements.Requirement(item.text).name) in sourced) for item in extras
        )

    def requirements(self, key: str) -> Iterator[str]:
        raw = self.raw.get(key, [])
        if not isinstance(raw, list):
            self._refuse(f"{key} is not an array")
        for number, item in enumerate(raw):
            found = extra_of(item)
            if isinstance(found, str):
                self._refuse(f"{key}[{number}] {found}")
            yield str(item)

    def names(self, key: str) -> frozenset[str]:
        """The packages that `key` as a flag or `key-package` as a list means."""
        every, some = self.raw.get(key, False), self.raw.get(f"{key}-package", [])
        if not isinstance(every, bool):
            self._refuse(f"{key} is neither true nor false")
        if not isinstance(some, list) or not all(isinstance(name, str) for name in some):
            self._refuse(f"{key}-package is not an array of strings")
        return frozenset({normal(name) for name in some} | ({ALL} if every else set()))

    def _refuse(self, reason: str) -> None:
        raise FileInvalid(self.where, reason)


def normal(name: str) -> str:
    return name if name == EVERY else utils.canonicalize_name(name)


def _settings(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | str:
    """Values for a backend, or the name of one that is not of the form."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in raw.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            return name
        found[name] = tuple(values)
    return found


def extra_of(raw: Any) -> Extra | str:
    """A requirement, alone or in a table with `match-runtime`; else what is wrong with it."""
    text, runtime = (raw.get("requirement"), raw.get("match-runtime", False)) if isinstance(raw, dict) else (raw, False)
    if not isinstance(text, str) or not isinstance(runtime, bool):
        return "is no requirement"
    try:
        parsed = requirements.Requirement(text)
    except requirements.InvalidRequirement as error:
        return f"is no requirement: {str(error).splitlines()[0]}"
    if runtime and (parsed.specifier or parsed.url):
        return "names a version, which match-runtime does not allow"
    return Extra(text, runtime)
