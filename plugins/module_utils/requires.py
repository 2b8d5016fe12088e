# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What compiled code needs of a host: its glibc, and the shared libraries that it links.

pyelftools reads ELF's tables. It is wanted only where a wheel that was built or brought holds compiled code:
packaging knows the header alone, and a reader of our own for the dynamic section and the versions of symbols
would be one more to keep. auditwheel answers another question (which manylinux policy a wheel may claim); it
compares with the libraries of the machine that it runs on, and reads ELF with pyelftools as well.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform

if TYPE_CHECKING:
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection
else:
    try:
        from elftools.elf.dynamic import DynamicSegment
        from elftools.elf.elffile import ELFFile
        from elftools.elf.gnuversions import GNUVerNeedSection
    except ImportError:
        DynamicSegment = ELFFile = GNUVerNeedSection = None

# The oldest that was tried.
NEEDED = "pyelftools>=0.29"

_GLIBC = re.compile(r"^GLIBC_(\d+)\.(\d+)(?:\.\d+)?$")

# Parts of the C library, and the interpreter, which is there before any extension is loaded.
_GIVEN = re.compile(
    r"^(lib(c|m|dl|pthread|rt|util|resolv|anl|mvec|nsl|BrokenLocale|thread_db)\.so\.\d+|ld(64)?(-[\w-]+)?\.so\.\d+"
    r"|(ld-musl-|libc\.musl-)[\w-]+\.so\.1|libc\.so|libpython[\d.]+\w*\.so(\.[\d.]+)?)$"
)


class CannotRead(Exception):
    """pyelftools is not there, or the file is not what its header says."""


@dataclass(frozen=True)
class Linked:
    """One file: the newest glibc whose symbols it takes, or (), and the libraries that the loader is to find for it.

    Not among those are what it may find in folders of its own choice (run paths), outside the wheel.
    """

    name: str
    glibc: tuple[int, ...]
    needed: tuple[str, ...]
    soname: str

    @classmethod
    def read(cls, name: str, file: IO[bytes], folders: Collection[str]) -> Linked:
        """`folders` are those of the wheel. Raises `CannotRead`."""
        if ELFFile is None:
            raise CannotRead(f"{sys.executable} has no {NEEDED}")
        try:
            return cls._read(name, ELFFile(file), folders)
        except MemoryError:
            raise
        except Exception as error:  # whoever made the file chose what its tables hold; pyelftools raises what it meets
            raise CannotRead(f"{name}: {error or type(error).__name__}") from error

    @classmethod
    def _read(cls, name: str, elf: ELFFile, folders: Collection[str]) -> Linked:
        needed, paths, soname = [], [], ""
        for segment in elf.iter_segments():
            tags: Iterable[Any] = segment.iter_tags() if isinstance(segment, DynamicSegment) else ()
            for tag in tags:
                if tag.entry.d_tag == "DT_NEEDED":
                    needed.append(str(tag.needed))
                elif tag.entry.d_tag == "DT_SONAME":
                    soname = str(tag.soname)
                elif tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
                    paths += str(getattr(tag, "runpath", "") or getattr(tag, "rpath", "")).split(":")
        if needed and not elf.num_sections():
            raise CannotRead(f"{name}: it has no section headers, and its versions are found by them")
        versions = [
            tuple(int(part) for part in found.groups())
            for section in elf.iter_sections()
            if isinstance(section, GNUVerNeedSection)
            for _library, symbols in section.iter_versions()
            for found in [_GLIBC.match(str(symbol.name)) for symbol in symbols]
            if found
        ]
        own = posixpath.dirname(name)
        outside = [_folder(path, own) for path in paths if path and _folder(path, own) not in folders]
        needed = [library for library in needed if not any(_may_hold(folder, library) for folder in outside)]
        return cls(name, max(versions, default=()), tuple(needed), soname)


def _folder(path: str, own: str) -> str:
    """Where a run path leads in the wheel, whose root is empty; one that leads elsewhere is in no wheel."""
    here = re.sub(r"^\$(ORIGIN|\{ORIGIN\})", own or ".", path)
    found = posixpath.normpath(here)
    return "" if found == "." else found


def _may_hold(folder: str, library: str) -> bool:
    """A Python that was built on this machine often gives its own folder to all that it compiles; that is looked into.

    A folder that is not here, or is another wheel's, may hold anything.
    """
    path = Path(folder)
    return not (path.is_absolute() and path.is_dir()) or (path / library).exists()


@dataclass(frozen=True)
class Requires:
    """`glibc` such as `2.34`, or empty where it needs none; `libraries` by the names that the loader looks for."""

    glibc: str = ""
    libraries: tuple[str, ...] = ()

    @classmethod
    def of(cls, files: Iterable[Linked]) -> Requires:
        """Of all the files of a wheel: what one of them gives, the others need not find on the host."""
        files = list(files)
        newest = max((file.glibc for file in files), default=())
        held = {file.soname or posixpath.basename(file.name) for file in files}
        held |= {posixpath.basename(file.name) for file in files}
        needed = {library for file in files for library in file.needed}
        found = sorted(library for library in needed - held if not _GIVEN.match(library))
        return cls(".".join(map(str, newest)), tuple(found))

    @classmethod
    def parse(cls, raw: Mapping[str, Any] | None) -> Requires:
        """As `as_dict` gives it; of a wheel that was not looked into, nothing."""
        raw = raw or {}
        return cls(str(raw.get("glibc") or ""), tuple(map(str, raw.get("libraries") or ())))

    def as_dict(self) -> dict[str, Any]:
        return {"glibc": self.glibc, "libraries": list(self.libraries)}

    def refusal(self, platform: Platform) -> str:
        """Why it would not load there, or nothing."""
        if not self.glibc or platform.system != "linux":
            return ""
        if platform.libc != "glibc":
            return f"needs glibc {self.glibc}, and the target has {platform.libc}"
        if platform.version and platform.version < tuple(int(part) for part in self.glibc.split(".")):
            return f"needs glibc {self.glibc}, and the target's {'.'.join(map(str, platform.version))} is older"
        return ""
