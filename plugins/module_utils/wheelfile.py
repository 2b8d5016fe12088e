# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a wheel is what its name says, and holds the files that its RECORD lists.

https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import binascii
import csv
import email.parser
import email.policy
import errno
import hashlib
import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any

from ansible_collections.airgap.uv.plugins.module_utils.binary import ENOUGH, Binary
from ansible_collections.airgap.uv.plugins.module_utils.libraries import tags, utils, version
from ansible_collections.airgap.uv.plugins.module_utils.requires import CannotRead, Linked, Requires
from ansible_collections.airgap.uv.plugins.module_utils.target import Target

_CHUNK = 1024 * 1024
_LARGEST_TEXT = 32 * 1024 * 1024  # bytes of METADATA, WHEEL or RECORD; the largest known have two or three MiB
_ALGORITHMS = ("sha256", "sha384", "sha512")
_MOST = 5  # problems that are named; a wheel with more is thrown away all the same

# What need not stand in RECORD, or has no hash there.
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True)
class WheelFile:
    """A wheel that was read to its end. `problems`: why it must not be taken, each the end of a sentence.

    `requires` is None where compiled code could not be looked into, and `unread` says why.
    """

    problems: tuple[str, ...] = ()
    binaries: tuple[Binary, ...] = ()
    requires: Requires | None = None
    unread: str = ""

    @classmethod
    def read(cls, path: Path, targets: Iterable[Target] = ()) -> WheelFile:
        """Read all of it, in pieces; nothing of it is unpacked. The file's name must be a wheel's.

        `targets` are those that are to take it: what runs anywhere by its name must run on all of them.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                return _Reading(path.name, archive, targets).found()
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
            return cls(problems=(f"it cannot be read ({error or type(error).__name__})",))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return cls(problems=("it cannot be read (its directory names a place before its own beginning)",))

    @property
    def told(self) -> dict[str, Any] | None:
        """What the manifest keeps: nothing is needed where there is no compiled code, None if it is not known."""
        if not self.binaries:
            return {}
        return self.requires.as_dict() if self.requires else None

    @property
    def shown(self) -> str:
        """The problems in one sentence's end."""
        more = len(self.problems) - _MOST
        return "; ".join(self.problems[:_MOST]) + (f"; and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class _Entry:
    """A file of the archive, with its digests by algorithm."""

    size: int
    digests: Mapping[str, bytes]


class _Reading:
    def __init__(self, filename: str, archive: zipfile.ZipFile, targets: Iterable[Target]) -> None:
        self.archive = archive
        self.targets = targets
        self.name, self.version, _build, self.tags = utils.parse_wheel_filename(filename)
        self.members = [member for member in archive.infolist() if not member.is_dir()]
        self.folders: set[str] = set()
        self.entries: dict[str, _Entry] = {}
        self.binaries: list[Binary] = []
        self.linked: list[Linked] = []
        self.unread = ""

    def found(self) -> WheelFile:
        places = [f"{name!r} {reason}" for name in self._names() for reason in _place(name)]
        if places:
            return WheelFile(problems=tuple(places))
        infos = sorted({name.split("/")[0] for name in self._names() if name.split("/")[0].endswith(".dist-info")})
        if len(infos) != 1:
            named = ", ".join(infos) or "none"
            return WheelFile(problems=(f"it needs one .dist-info folder and has {named}",))
        self.folders = {folder for name in self._names() for folder in _above(name)}
        algorithms = self._algorithms(infos[0])
        for member in self.members:
            self._read(member, algorithms)
        problems = [
            *self._twice(),
            *self._info(infos[0]),
            *self._metadata(infos[0]),
            *self._wheel(infos[0]),
            *self._record(infos[0]),
            *self._strangers(),
        ]
        read = Requires.of(self.linked) if self.binaries and not self.unread else None
        return WheelFile(tuple(problems), tuple(self.binaries), read, self.unread)

    def _names(self) -> list[str]:
        return [member.filename for member in self.members]

    def _algorithms(self, info: str) -> set[str]:
        """Those that RECORD uses, so that each file is read once."""
        rows = self._rows(info) or []
        return {row[1].partition("=")[0] for row in rows if len(row) == 3}.intersection(_ALGORITHMS)

    def _read(self, member: zipfile.ZipInfo, algorithms: set[str]) -> None:
        hashes = {name: hashlib.new(name) for name in algorithms}
        with self.archive.open(member) as stream:
            head = stream.read(ENOUGH)
            binary = Binary.recognised(member.filename, head)
            if binary:
                self.binaries.append(binary)
            size = len(head)
            # ELF's tables are read here and there, which a packed stream allows only by unpacking it again.
            with tempfile.TemporaryFile() as copy:
                chunk = head
                while chunk:
                    for digest in hashes.values():
                        digest.update(chunk)
                    if binary and binary.form == "elf":
                        copy.write(chunk)
                    chunk = stream.read(_CHUNK)
                    size += len(chunk)
                if binary and binary.form == "elf":
                    self._link(member.filename, copy)
        self.entries[member.filename] = _Entry(size, {name: digest.digest() for name, digest in hashes.items()})

    def _link(self, name: str, file: IO[bytes]) -> None:
        try:
            self.linked.append(Linked.read(name, file, self.folders))
        except CannotRead as error:
            self.unread = self.unread or str(error)

    def _twice(self) -> Iterator[str]:
        seen: set[str] = set()
        for name in self._names():
            if name in seen:
                yield f"{name} is in it twice"
            seen.add(name)

    def _info(self, info: str) -> Iterator[str]:
        name, _dash, number = info[: -len(".dist-info")].partition("-")
        if utils.canonicalize_name(name) != self.name or not _same(number, self.version):
            yield f"its folder {info} is that of another package or version than its file name"

    def _metadata(self, info: str) -> Iterator[str]:
        found = self._headers(f"{info}/METADATA")
        if found is None:
            yield f"it has no {info}/METADATA that can be read"
            return
        names, versions = found.get_all("Name") or [], found.get_all("Version") or []
        if [utils.canonicalize_name(str(name).strip()) for name in names] != [self.name]:
            yield f"METADATA says that its name is {', '.join(map(str, names)) or 'nothing'}"
        if len(versions) != 1 or not _same(str(versions[0]), self.version):
            yield f"METADATA says that its version is {', '.join(map(str, versions)) or 'nothing'}"

    def _wheel(self, info: str) -> Iterator[str]:
        found = self._headers(f"{info}/WHEEL")
        if found is None:
            yield f"it has no {info}/WHEEL that can be read"
            return
        told = [str(tag).strip() for tag in found.get_all("Tag") or []]
        if {tag for text in told for tag in _tags(text)} != self.tags:
            yield f"WHEEL says that its tags are {', '.join(told) or 'none'}"
        purelib = str(found.get("Root-Is-Purelib") or "").strip().lower()
        if purelib not in ("true", "false"):
            yield f"WHEEL says Root-Is-Purelib: {purelib or 'nothing'}, which must be true or false"
        elif purelib == "false" and self._anywhere:
            yield "WHEEL says that it holds code for one platform (Root-Is-Purelib: false), its file name says any"

    @property
    def _anywhere(self) -> bool:
        """By its name."""
        return all(tag.platform == "any" and tag.abi == "none" for tag in self.tags)

    def _strangers(self) -> Iterator[str]:
        for target in self.targets if self._anywhere else ():
            stranger = next((each for each in self.binaries if not each.suits(target.platform)), None)
            if stranger:
                yield f"its name says that it runs anywhere, and {stranger} does not run on {target.label}"

    def _record(self, info: str) -> Iterator[str]:
        rows = self._rows(info)
        if rows is None:
            yield f"it has no {info}/RECORD that can be read"
            return
        unhashed = {f"{info}/RECORD", *(f"{info}/{name}" for name in _SIGNATURES)}
        listed: set[str] = set()
        for row in rows:
            name = row[0] if row else ""
            if len(row) != 3 or name in listed:
                yield f"RECORD has a line that is not valid, {','.join(row)[:100]!r}"
                continue
            listed.add(name)
            outside = list(_place(name))
            if outside:
                yield f"RECORD lists {name!r}, which {outside[0]}"
            elif name not in self.entries:
                yield from [f"RECORD lists {name}, which is not in it"] if name not in unhashed else []
            elif name not in unhashed:
                yield from self._listed(name, row[1], row[2])
        yield from (f"{name} is not in RECORD" for name in self.entries if name not in listed and name not in unhashed)

    def _listed(self, name: str, digest: str, size: str) -> Iterator[str]:
        entry = self.entries[name]
        algorithm, _equals, wanted = digest.partition("=")
        if algorithm not in entry.digests:
            yield f"RECORD has no hash of {name} that counts ({algorithm or 'none'}; {', '.join(_ALGORITHMS)} do)"
        elif _decoded(wanted) != entry.digests[algorithm]:
            yield f"{name} has other bytes than RECORD says"
        elif size and size != str(entry.size):
            yield f"{name} has {entry.size} bytes, and RECORD says {size}"

    def _rows(self, info: str) -> list[list[str]] | None:
        text = self._text(f"{info}/RECORD")
        try:
            return None if text is None else [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        except csv.Error:
            return None

    def _headers(self, name: str) -> Message | None:
        text = self._text(name)
        return None if text is None else email.parser.HeaderParser(policy=email.policy.compat32).parsestr(text)

    def _text(self, name: str) -> str | None:
        """A file of the wheel as text; None if it is not there, or nothing that could be one of these."""
        try:
            member = self.archive.getinfo(name)
            if member.file_size > _LARGEST_TEXT:
                return None
            with self.archive.open(member) as stream:
                return stream.read(_LARGEST_TEXT).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            return None


def _above(name: str) -> Iterator[str]:
    """The folders that a file lies in, the archive's root, which is empty, among them."""
    parts = name.split("/")
    yield from ("/".join(parts[:number]) for number in range(len(parts)))


def _place(name: str) -> Iterator[str]:
    """Why a file must not lie there."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or "\0" in name:
        yield "is not a path inside the wheel"
    elif any(part in ("", ".", "..") for part in parts):
        yield "leads outside the wheel, or is not written plainly"


def _same(text: str, wanted: version.Version) -> bool:
    try:
        return bool(version.Version(text.strip().replace("_", "-")) == wanted)
    except version.InvalidVersion:
        return False


def _tags(text: str) -> frozenset[tags.Tag]:
    try:
        return tags.parse_tag(text)
    except ValueError:
        return frozenset()


def _decoded(text: str) -> bytes | None:
    """URL-safe base64 without its padding, as RECORD has it."""
    try:
        return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
