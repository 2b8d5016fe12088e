# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels that the caller brings, each with its hash."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import ExtraWheelInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import tags, utils, version
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.wheelfile import WheelFile


@dataclass(frozen=True)
class ExtraWheel:
    """A wheel of the caller's: it stands for the locked package of its name, or is one more package.

    `place`: where it lies, as the manifest tells it; its name alone where that is another on each machine.
    """

    path: Path
    sha256: str
    name: str
    version: version.Version
    tags: frozenset[tags.Tag]
    option: str = "extra_wheels"
    place: str = ""

    @classmethod
    def parse(cls, raw: Mapping[str, Any], option: str = "extra_wheels") -> ExtraWheel:
        """Read `{path, hash}` of `option`; the hash is `sha256:` and 64 hexadecimal digits."""
        path = Path(str(raw["path"])).expanduser()
        algorithm, _colon, digest = str(raw["hash"]).partition(":")
        if algorithm != "sha256" or not re.fullmatch("[0-9a-fA-F]{64}", digest):
            raise ExtraWheelInvalid(str(path), "its hash must be sha256: and 64 hexadecimal digits", option)
        if not path.is_file():
            raise ExtraWheelInvalid(str(path), "there is no such file", option)
        try:
            name, number, _build, found = utils.parse_wheel_filename(path.name)
        except utils.InvalidWheelFilename as error:
            raise ExtraWheelInvalid(str(path), str(error), option) from error
        return cls(path, digest.lower(), name, number, found, option)

    @property
    def anywhere(self) -> bool:
        """No host needs another wheel of its package."""
        return any((tag.interpreter, tag.abi, tag.platform) == ("py3", "none", "any") for tag in self.tags)

    def verify(self, path: Path) -> None:
        """Raise `ExtraWheelInvalid` unless the bytes at `path`, the wheel or a copy, are the wanted ones."""
        found = file_digest(path)
        if found != self.sha256:
            raise ExtraWheelInvalid(str(self.path), f"its sha256 is {found}, not {self.sha256}", self.option)

    def inspect(self, path: Path, targets: Iterable[Target]) -> WheelFile:
        """The wheel at `path`, read to its end. Raises `ExtraWheelInvalid` where it is not what it says."""
        found = WheelFile.read(path, targets)
        if found.problems:
            raise ExtraWheelInvalid(str(self.path), found.shown, self.option)
        return found


def refuse_at_odds(wheels: Sequence[ExtraWheel]) -> None:
    """Two versions of one package cannot be installed, and of two files with one name uv takes the first."""
    for number, wheel in enumerate(wheels):
        for earlier in wheels[:number]:
            if wheel.name == earlier.name and wheel.version != earlier.version:
                raise ExtraWheelInvalid(str(wheel.path), f"{earlier.path.name} is another version of {wheel.name}")
            if wheel.path.name == earlier.path.name and wheel.sha256 != earlier.sha256:
                raise ExtraWheelInvalid(str(wheel.path), f"{earlier.path} has the same name and other bytes")
