# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The staged `uv.lock` as it was written: read again, cut down to the wheels that are there, chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.libraries import (
    markers,
    specifiers,
    tags,
    tomli,
    tomli_w,
    utils,
)
from ansible_collections.airgap.uv.plugins.module_utils.readings import as_uv, either


@dataclass(frozen=True)
class Pin:
    """A package of the staged lock, with the names of those of its wheels that are there or on an index."""

    name: str
    version: str
    marker: markers.Marker | None
    wheels: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    def holds(self, environment: Mapping[str, str]) -> bool:
        """As uv reads the marker, which decides on the host."""
        return self.marker is None or as_uv(self.marker, environment).evaluate(dict(environment))

    def may_hold(self, environment: Mapping[str, str]) -> bool:
        """By one of the readings of a marker that there are; such a package is collected."""
        return self.marker is None or either(self.marker, environment).evaluate(dict(environment))

    def best(self, fitting: Sequence[tags.Tag]) -> str | None:
        """The wheel with the best tag; of equal ones that with the highest build tag."""
        ranks = {tag: number for number, tag in enumerate(fitting)}
        found = []
        for name in self.wheels:
            _name, _version, build, own = utils.parse_wheel_filename(name)
            rank = min((ranks[tag] for tag in own if tag in ranks), default=None)
            if rank is not None:
                found.append((-rank, build, name))
        return max(found)[2] if found else None


@dataclass(frozen=True)
class StagedLock:
    """A staged `uv.lock` as it was written. `raw` is what it says."""

    text: str
    raw: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> StagedLock:
        text = (folder / "uv.lock").read_text(encoding="utf-8")
        return cls(text, tomli.loads(text))

    @property
    def requires_python(self) -> specifiers.SpecifierSet:
        return specifiers.SpecifierSet(self.raw["requires-python"])

    def wheels(self) -> dict[str, str]:
        """Path in the wheelhouse and sha256 of every wheel that travels."""
        return {wheel["path"]: wheel["hash"].partition(":")[2] for wheel in self._wheels() if "path" in wheel}

    def on_indexes(self) -> list[str]:
        """Names of the wheels that hosts take from an index."""
        return [_filename(wheel) for wheel in self._wheels() if "url" in wheel]

    def _wheels(self) -> Iterator[Mapping[str, str]]:
        for package in self.raw["package"]:
            yield from package.get("wheels", [])

    def only(self, paths: Iterable[str]) -> StagedLock:
        """A copy that names these wheels, those on indexes, and no other."""
        there = set(paths)
        packages = [
            {**package, "wheels": [wheel for wheel in package["wheels"] if "url" in wheel or wheel["path"] in there]}
            if "wheels" in package
            else package
            for package in self.raw["package"]
        ]
        raw = {**self.raw, "package": packages}
        return StagedLock(tomli_w.dumps(raw), raw)

    def pins(self, exported: Iterable[str]) -> Iterator[Pin]:
        """What uv exported of it, line by line, with the names of the wheels."""
        named = {(package["name"], package["version"]): package.get("wheels", []) for package in self.raw["package"]}
        for line in exported:
            requirement, _semicolon, marker = line.partition(" ; ")
            name, _equals, number = requirement.partition("==")
            wheels = tuple(_filename(wheel) for wheel in named[name, number])
            yield Pin(name, number, markers.Marker(marker) if marker else None, wheels)


def _filename(wheel: Mapping[str, str]) -> str:
    return unquote(urlsplit(wheel["url"]).path if "url" in wheel else wheel["path"]).rpartition("/")[2]
