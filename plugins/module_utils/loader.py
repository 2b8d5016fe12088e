# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host has shared libraries and their versions: its loader is asked, by loading each with the interpreter.

The loader's cache (ld.so.cache) tells neither whether a library's own libraries are there, nor what an
interpreter of another width can load, and musl has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner

_MISSING = 3
_OLDER = 4
# The table of the versions that a library defines is looked up as the loader does (elf(5), dlinfo(3)), by their hashes.
# A library without such a table serves all: the loader warns, no more.
_SCRIPT = f"""
import ctypes, sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_long, c_size_t, c_uint16, c_uint32, c_void_p
try:
    library = ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.stdout.write(str(error))
    sys.exit({_MISSING})
if not sys.argv[2:]:
    sys.exit(0)

class Entry(Structure):
    _fields_ = [("tag", c_long), ("value", c_size_t)]

class Map(Structure):
    _fields_ = [("base", c_size_t), ("name", c_char_p), ("dynamic", POINTER(Entry))]

class Definition(Structure):
    _fields_ = [(name, c_uint16) for name in ("version", "flags", "index", "count")]
    _fields_ += [(name, c_uint32) for name in ("hash", "names", "next")]

def hashed(name):
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xf0000000
        value = (value ^ high >> 24) & ~high & 0xffffffff
    return value

dlinfo = ctypes.CDLL(None).dlinfo
dlinfo.argtypes = [c_void_p, c_int, c_void_p]
found = POINTER(Map)()
if dlinfo(library._handle, 2, byref(found)):
    sys.exit(0)
at, place = 0, 0
while found.contents.dynamic[at].tag:
    if found.contents.dynamic[at].tag == 0x6ffffffc:
        place = found.contents.base + found.contents.dynamic[at].value
    at += 1
hashes = set()
while place:
    definition = Definition.from_address(place)
    hashes.add(definition.hash)
    place = definition.next and place + definition.next
lacks = [name for name in sys.argv[2:] if hashed(name) not in hashes]
if hashes and lacks:
    sys.stdout.write("\\n".join([found.contents.name.decode(errors="replace"), *lacks]))
    sys.exit({_OLDER})
"""

# A path would load whatever file it names.
_NAME = re.compile(r"^([\w.+-]+)(?:\(([\w.+-]+)\))?$")

# The interpreter's own, which another interpreter cannot tell of.
_INTERPRETER = re.compile(r"^libpython\d")


class LibraryNameInvalid(AirgapError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            f"libraries: {self.name!r} is no name of a shared library. "
            "Write libpq.so.5, libstdc++.so.6(GLIBCXX_3.4.29) or the like."
        )


def missing(names: Sequence[str], python: str, run: Runner, own: bool = True) -> dict[str, str]:
    """Those that cannot be loaded, each with the loader's words, and those that lack a version, with their path.

    What cannot be tried is not said to be missing. `own`: whether `python` is the application's.
    """
    libraries: dict[str, dict[str, str]] = {}
    for name in names:
        found = _NAME.match(name)
        if not found:
            raise LibraryNameInvalid(name)
        libraries.setdefault(found.group(1), {})[found.group(2) or ""] = name
    lacking = {}
    for library, asked in sorted(libraries.items()):
        if own or not _INTERPRETER.match(library):
            lacking.update({asked[version]: said for version, said in _lacks(library, sorted(asked), python, run)})
    return lacking


def _lacks(library: str, versions: Sequence[str], python: str, run: Runner) -> Iterator[tuple[str, str]]:
    """Of `versions`, where an empty one is the library itself, those that are not to be had."""
    try:
        # -I -S: neither the user's nor the site's modules; -B leaves no bytecode behind.
        rc, out, _err = run([python, "-I", "-S", "-B", "-c", _SCRIPT, library, *filter(None, versions)])
    except OSError:  # a time limit is one
        return
    if rc == _MISSING:
        yield versions[0], out.strip()
    elif rc == _OLDER:
        path, *older = out.splitlines()
        for version in older:
            yield version, f"{path} has no {version}"
