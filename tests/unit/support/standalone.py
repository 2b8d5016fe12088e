# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives of a standalone Python, made from the interpreter that runs the tests.

    python tests/unit/support/standalone.py FOLDER

writes one and prints its path and sha256: laid out as python-build-standalone's (`python/bin`, `python/lib`), without
tests, pip and headers. It needs the C library of this machine, and the libraries that this interpreter was linked with.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import stat
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSION = f"{MINOR}.{sys.version_info[2]}"
BASE = Path(sys.base_prefix)
NAME = f"cpython-{VERSION}+20260101-{platform.machine()}-unknown-linux-gnu-install_only.tar.gz"

_LEFT_OUT = {"test", "tests", "__pycache__", "idlelib", "lib2to3", "turtledemo", "site-packages", "dist-packages"}


def make_archive(folder: Path, name: str = NAME, more: dict[str, str] | None = None) -> Path:
    """Write an archive of this interpreter and return its path; `more` are further files in `python/`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / name, "w:gz", compresslevel=1) as tar:
        _add(tar, f"bin/python{MINOR}", _relocated(), 0o755)
        for link in ("python3", "python"):
            info = tarfile.TarInfo(f"python/bin/{link}")
            info.type, info.linkname = tarfile.SYMTYPE, f"python{MINOR}"
            tar.addfile(info)
        for path in _library():
            _add(tar, f"lib/{path.relative_to(_stdlib().parent)}", path.read_bytes(), path.stat().st_mode)
        for path in sorted((BASE / "lib").glob(f"libpython{MINOR}*.so.*")):
            _add(tar, f"lib/{path.name}", path.read_bytes(), 0o755)
        for file, text in (more or {}).items():
            _add(tar, file, text.encode(), 0o600)
    return folder / name


def make_small_archive(path: Path, *members: tarfile.TarInfo, python: str = MINOR, suffix: str = "") -> Path:
    """What uv takes for a Python although it does not run; `members` come after it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f"python{python}{suffix}"
    with tarfile.open(path, "w:gz") as tar:
        _add(tar, f"bin/{name}", b"#!/bin/sh\nexit 3\n", 0o755)
        _add(tar, f"lib/{name}/os.py", b"", 0o644)
        data = b"# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n"
        _add(tar, f"lib/{name}/_sysconfigdata_{suffix}_linux_{platform.machine()}-linux-gnu.py", data, 0o644)
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    info = tarfile.TarInfo(f"python/{name}")
    info.size, info.mode = len(content), stat.S_IMODE(mode)
    info.uid = info.gid = 54321  # nobody's on the host
    tar.addfile(info, io.BytesIO(content))


def _relocated() -> bytes:
    """The program; one that looks for libpython in the folder of its build does so beside itself."""
    content = (BASE / "bin" / f"python{MINOR}").read_bytes()
    built, beside = os.fsencode(sysconfig.get_config_var("LIBDIR") or ""), b"$ORIGIN/../lib"
    if built and b"\0" + built + b"\0" in content and len(built) >= len(beside):
        content = content.replace(b"\0" + built + b"\0", b"\0" + beside.ljust(len(built), b"\0") + b"\0")
    return content


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": str(BASE)})).resolve()


def _library() -> Iterator[Path]:
    for above, folders, files in os.walk(_stdlib()):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("config-"))
        yield from (Path(above, name) for name in sorted(files) if Path(above, name).is_file())


if __name__ == "__main__":
    made = make_archive(Path(sys.argv[1]))
    sys.stdout.write(f"{made}\nsha256:{sha256(made)}\n")
