# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What compiled code needs of a host: its glibc, the shared libraries that it links, and which versions of them.

pyelftools reads ELF's tables. It is wanted only where a wheel that was built or brought holds compiled code:
packaging knows the header alone, and a reader of our own for the dynamic section and the versions of symbols
would be one more to keep. auditwheel answers another question (which manylinux policy a wheel may claim); it
compares with the libraries of the machine that it runs on, and reads ELF with pyelftools as well.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
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

_GLIBC = re.compile(r"^GLIBC_(\d+(?:\.\d+)+)$")

# Names that say what glibc can do, where its number is known: packed relative relocations (glibc's NEWS for 2.36).
# The others came to older glibcs as well; those, the host's own is asked for.
_ABILITIES = {"GLIBC_ABI_DT_RELR": (2, 36)}

# A version of a series, such as GLIBCXX_3.4.29. A library that has it has those before it.
_SERIES = re.compile(r"^(.+_)(\d+(?:\.\d+)*)$")

# Parts of the C library. The interpreter's own library is none of what is there: Debian's is linked into the program.
_GIVEN = re.compile(
    r"^(lib(c|m|dl|pthread|rt|util|resolv|anl|mvec|nsl|BrokenLocale|thread_db)\.so\.\d+|ld(64)?(-[\w-]+)?\.so\.\d+"
    r"|(ld-musl-|libc\.musl-)[\w-]+\.so\.1|libc\.so)$"
)


class CannotRead(Exception):
    """pyelftools is not there, or the file is not what its header says."""


@dataclass(frozen=True)
class Linked:
    """One file: the newest glibc whose symbols it takes, or (), and the libraries that the loader is to find for it.

    Not among those are what it may find in folders of its own choice (run paths), outside the wheel. `versions`: the
    names of versions that it takes of a library, each after the library's; not those that `glibc` tells.
    """

    name: str
    glibc: tuple[int, ...]
    needed: tuple[str, ...]
    soname: str
    versions: tuple[tuple[str, str], ...] = ()

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
        taken = {
            (str(library.name), str(symbol.name))
            for section in elf.iter_sections()
            if isinstance(section, GNUVerNeedSection)
            for library, symbols in section.iter_versions()
            for symbol in symbols
        }
        glibc = [number for _library, version in taken for number in [_glibc(version)] if number]
        versions = sorted((library, version) for library, version in taken if not _glibc(version))
        own = posixpath.dirname(name)
        outside = [_folder(path, own) for path in paths if path and _folder(path, own) not in folders]
        needed = [library for library in needed if not any(_may_hold(folder, library) for folder in outside)]
        return cls(name, max(glibc, default=()), tuple(needed), soname, tuple(versions))


def _glibc(version: str) -> tuple[int, ...]:
    """The glibc that has a version of symbols; () where its name does not tell."""
    found = _GLIBC.match(version)
    return tuple(int(part) for part in found.group(1).split(".")) if found else _ABILITIES.get(version, ())


def _newest(versions: Iterable[str]) -> Iterator[str]:
    """Of each series the newest, and what belongs to none."""
    series: dict[str, tuple[tuple[int, ...], str]] = {}
    for version in versions:
        found = _SERIES.match(version)
        number = tuple(int(part) for part in found.group(2).split(".")) if found else ()
        name = found.group(1) if found else version
        series[name] = max(series.get(name, ((), "")), (number, version))
    for _number, version in series.values():
        yield version


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
    """`glibc` such as `2.34`, or empty where it needs none; `libraries` by the names that the loader looks for.

    What is needed of a library beside its being there stands behind its name, as in packages of RPM:
    `libstdc++.so.6(GLIBCXX_3.4.29)`.
    """

    glibc: str = ""
    libraries: tuple[str, ...] = ()

    @classmethod
    def of(cls, files: Iterable[Linked]) -> Requires:
        """Of all the files of a wheel: what one of them gives, the others need not find on the host."""
        files = list(files)
        newest = max((file.glibc for file in files), default=())
        held = {file.soname or posixpath.basename(file.name) for file in files}
        held |= {posixpath.basename(file.name) for file in files}
        needed = {library for file in files for library in file.needed} - held
        versions: dict[str, set[str]] = {}
        for library, version in (taken for file in files for taken in file.versions):
            versions.setdefault(library, set()).add(version)
        found = {library for library in needed if not _GIVEN.match(library)}
        found |= {f"{library}({version})" for library in needed for version in _newest(versions.get(library, ()))}
        return cls(".".join(map(str, newest)), tuple(sorted(found)))

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
        # A platform's name has two numbers.
        if platform.version and platform.version < tuple(int(part) for part in self.glibc.split("."))[:2]:
            return f"needs glibc {self.glibc}, and the target's {'.'.join(map(str, platform.version))} is older"
        return ""
