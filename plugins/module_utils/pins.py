# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that pins build requirements: each to one version, with the hashes of its files."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.libraries import markers, requirements, utils

# pip's requirements format (https://pip.pypa.io/en/stable/reference/requirements-file-format/).
_COMMENT = re.compile(r"(^|\s)#.*")
_HASH = re.compile(r"\s--hash[= ](\S+)")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


class PinsInvalid(AirgapError):
    """`lines`: number and reason of each line that cannot be used."""

    def __init__(self, path: str, lines: list[tuple[int, str]]) -> None:
        super().__init__(path, lines)
        self.path = path
        self.lines = lines

    def __str__(self) -> str:
        told = "".join(f"\n  line {number}: {reason}" for number, reason in self.lines)
        return (
            f"build_constraints: {self.path} cannot be used. It names each build requirement as name==version with "
            f"--hash=sha256:… for its files; lock_builds (uv_deploy_lock_builds) makes such a file.{told}"
        )


@dataclass(frozen=True)
class Pin:
    """One version of a build requirement, where `marker` holds or everywhere. `hashes`: each `sha256:…`, in order."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Raises `ValueError` with the reason."""
        hashes = [digest.lower() for digest in _HASH.findall(text)]
        bare = _HASH.sub("", text).strip()
        if bare.startswith("-"):
            raise ValueError(f"{bare.split()[0]} is no pin")
        try:
            found = requirements.Requirement(bare)
        except requirements.InvalidRequirement as error:
            raise ValueError(f"{bare!r} is no requirement ({str(error).splitlines()[0]})") from error
        exact = [each for each in found.specifier if each.operator in ("==", "===") and "*" not in each.version]
        if found.url or len(exact) != 1 or len(found.specifier) != 1:
            raise ValueError(f"{bare} is not exact; write {found.name}==VERSION")
        wrong = [digest for digest in hashes if digest.startswith("sha256:") and not _SHA256.fullmatch(digest)]
        if wrong:
            raise ValueError(f"{wrong[0]} is no sha256")
        kept = sorted({digest for digest in hashes if _SHA256.fullmatch(digest)})
        if not kept:
            raise ValueError(f"{bare} has no hash; add --hash=sha256:…")
        marker = str(found.marker) if found.marker else ""
        return cls(str(utils.canonicalize_name(found.name)), exact[0].version, marker, tuple(kept))

    @property
    def text(self) -> str:
        """As pip's requirements format has it, with a newline at its end."""
        head = f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")
        return " \\\n    ".join([head, *(f"--hash={digest}" for digest in self.hashes)]) + "\n"

    def holds(self, environment: Mapping[str, str]) -> bool:
        return not self.marker or markers.Marker(self.marker).evaluate(dict(environment))


@dataclass(frozen=True)
class Pins:
    """Those for all packages, and those that hold for the builds of one package alone, by its name.

    `there`: builds are pinned, be it to nothing.
    """

    common: tuple[Pin, ...] = ()
    own: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    there: bool = False

    @classmethod
    def read(cls, path: Path) -> Pins:
        """The file and, where they are, those beside it that are named after a package: `STEM.PACKAGE.txt`."""
        own = {package: parse(each) for package, each in files_of_packages(path)}
        return cls(parse(path), own, there=True)

    @classmethod
    def read_if_there(cls, path: str | None) -> Pins:
        return cls.read(Path(path)) if path and Path(path).is_file() else cls()

    def __bool__(self) -> bool:
        return self.there

    def of(self, package: str) -> str:
        """All that the builds of a package are pinned by, as text; the same for the same pins."""
        return "".join(pin.text for pin in (*_sorted(self.own.get(package, ())), *_sorted(self.common)))

    def holding(self, package: str, environment: Mapping[str, str]) -> tuple[Pin, ...]:
        """The pins for a build of a package in a marker environment; what it has of its own goes first."""
        own = [pin for pin in self.own.get(package, ()) if pin.holds(environment)]
        names = {pin.name for pin in own}
        common = [pin for pin in self.common if pin.name not in names and pin.holds(environment)]
        return tuple(_sorted([*own, *common]))

    @property
    def digest(self) -> str:
        """A name for all of it, whatever its comments and order."""
        texts = [("", self.of("")), *((package, self.of(package)) for package in sorted(self.own))]
        return hashlib.sha256("\0".join(f"{package}\0{text}" for package, text in texts).encode()).hexdigest()


def parse(path: Path) -> tuple[Pin, ...]:
    """Read one file. Raises `PinsInvalid` with all lines that are no pins."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise PinsInvalid(str(path), [(number, f"byte {content[error.start]:#x} is not UTF-8")]) from error
    return parse_text(text, str(path))


def parse_text(text: str, where: str) -> tuple[Pin, ...]:
    found: list[Pin] = []
    wrong: list[tuple[int, str]] = []
    for number, line in logical_lines(text):
        try:
            pin = Pin.parse(line)
        except ValueError as error:
            wrong.append((number, str(error)))
            continue
        if any(pin.name == other.name and pin.marker == other.marker for other in found):
            wrong.append((number, f"{pin.name} is pinned before, for the same environments"))
        found.append(pin)
    if wrong:
        raise PinsInvalid(where, wrong)
    return tuple(found)


def files_of_packages(path: Path) -> Iterator[tuple[str, Path]]:
    """The files beside `path` that hold for one package, with its name."""
    for each in sorted(path.parent.glob(f"{glob.escape(path.stem)}.*{glob.escape(path.suffix)}")):
        name = each.name[len(path.stem) + 1 : len(each.name) - len(path.suffix)]
        if name and name == utils.canonicalize_name(name) and each.is_file():
            yield name, each


def file_of_package(path: Path, package: str) -> Path:
    return path.with_name(f"{path.stem}.{package}{path.suffix}")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with those that continue it, without comments, and the number that it begins at."""
    begun, parts = 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = _COMMENT.sub("", line).rstrip()
        begun = begun or number
        parts.append(bare.rstrip("\\"))
        if bare.endswith("\\"):
            continue
        joined = " ".join(parts).strip()
        if joined:
            yield begun, joined
        begun, parts = 0, []
    if "".join(parts).strip():
        yield begun, " ".join(parts).strip()


def _sorted(pins: Iterable[Pin]) -> list[Pin]:
    return sorted(pins, key=lambda pin: (pin.name, pin.marker, pin.version))
