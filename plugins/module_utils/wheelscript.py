# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that travels in a wheel, as uv does in its own, and is taken out on the host.

Where it lies is told by the wheel specification: `NAME-VERSION.data/scripts/`
(https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ansible_collections.airgap.uv.plugins.module_utils.arrival import (
    FOLDER_MODE,
    Owner,
    explained,
    sha256_of,
)
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.transfer import TransferInvalid

_CHUNK = 1024 * 1024
_MODE = 0o755


class ScriptMissing(AirgapError):
    def __init__(self, wheel: str, name: str) -> None:
        super().__init__(wheel, name)
        self.wheel = wheel
        self.name = name

    def __str__(self) -> str:
        return f"{self.wheel} holds no program {self.name}. Give the wheel that does."


@dataclass(frozen=True)
class WheelScript:
    """A wheel on the host, the name of a program in it, and the path that it is to have."""

    wheel: Path
    name: str
    path: Path

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str) -> WheelScript:
        wheel, name, path = (str(raw.get(key) or "") for key in ("wheel", "name", "path"))
        if not (wheel.startswith("/") and path.startswith("/") and name and "/" not in name):
            raise TransferInvalid(where, "absolute paths `wheel` and `path` and a plain `name` are wanted")
        return cls(Path(wheel), name, Path(path))

    def settled(self, owner: Owner) -> bool:
        """Whether the very program of this wheel is in its place, and may be run."""
        if self.path.is_symlink() or not self.path.is_file() or not self.wheel.is_file():
            return False
        status = self.path.lstat()
        if stat.S_IMODE(status.st_mode) != _MODE or owner.differs(status):
            return False
        with zipfile.ZipFile(self.wheel) as wheel:
            member = self._member(wheel)
            if member.file_size != status.st_size:
                return False
            with wheel.open(member) as stream:
                return _digest(stream) == sha256_of(self.path)

    def settle(self, owner: Owner) -> None:
        """Write it beside and rename it: a program that runs meanwhile is not disturbed."""
        with explained(self.path):
            if not self.path.parent.is_dir():
                self.path.parent.mkdir(parents=True)
                self.path.parent.chmod(FOLDER_MODE)
                owner.give(self.path.parent)
            beside = self.path.with_name(f".{self.path.name}-{secrets.token_hex(6)}")
            try:
                with zipfile.ZipFile(self.wheel) as wheel:
                    member = self._member(wheel)
                    with wheel.open(member) as stream, beside.open("xb") as out:
                        shutil.copyfileobj(stream, out, _CHUNK)
                beside.chmod(_MODE)
                owner.give(beside)
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)

    def _member(self, wheel: zipfile.ZipFile) -> zipfile.ZipInfo:
        for member in wheel.infolist():
            parts = PurePosixPath(member.filename).parts
            if len(parts) == 3 and parts[0].endswith(".data") and parts[1:] == ("scripts", self.name):
                return member
        raise ScriptMissing(str(self.wheel), self.name)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
