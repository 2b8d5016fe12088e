# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real wheels, a few hundred bytes each, with a METADATA, WHEEL and RECORD that installers accept."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_EPOCH = (2020, 2, 2, 0, 0, 0)
_BLOCK = 1024 * 1024


def module_name(name: str) -> str:
    """The import name (and the file name's first part) of the distribution `name`."""
    return re.sub(r"[-_.]+", "_", name).lower()


def metadata(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
) -> str:
    """A METADATA (or PKG-INFO) file, version 2.2."""
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {requirement} ; extra == "{extra}"' for requirement in requirements]
    return "\n".join(lines) + "\n"


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    build: str = "",
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    entry_points: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    padding: int = 0,
) -> Path:
    """Write a wheel into `folder` and return its path.

    `tag` may be compressed (`py2.py3-none-any`); `entry_points` are console scripts;
    `files` are further files of the archive; `padding` adds a file of that many bytes.
    The same arguments give the same bytes.
    """
    module = module_name(name)
    info = f"{module}-{version}.dist-info"
    pythons, abis, platforms = tag.split("-")
    tags = [f"{p}-{a}-{f}" for p in pythons.split(".") for a in abis.split(".") for f in platforms.split(".")]
    contents = {
        f"{module}/__init__.py": f"__version__ = {version!r}\n\n\ndef main():\n    print('{name} {version}')\n",
        **(files or {}),
        f"{info}/METADATA": metadata(name, version, requires=requires, extras=extras, requires_python=requires_python),
        f"{info}/WHEEL": "\n".join(
            ["Wheel-Version: 1.0", "Generator: airgap-tests", "Root-Is-Purelib: true"]
            + ([f"Build: {build}"] if build else [])
            + [f"Tag: {each}" for each in tags]
            + [""]
        ),
    }
    if entry_points:
        lines = [f"{script} = {target}" for script, target in entry_points.items()]
        contents[f"{info}/entry_points.txt"] = "\n".join(["[console_scripts]", *lines, ""])

    stem = f"{module}-{version}-{build}-{tag}" if build else f"{module}-{version}-{tag}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.whl"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for member, text in contents.items():
            data = text.encode()
            archive.writestr(_entry(member), data)
            record.append(_record_line(member, hashlib.sha256(data).digest(), len(data)))
        if padding:
            record.append(_write_padding(archive, f"{module}/padding.bin", padding))
        record.append(f"{info}/RECORD,,")
        archive.writestr(_entry(f"{info}/RECORD"), "\n".join(record) + "\n")
    return path


def read_metadata(wheel: Path) -> bytes:
    """The METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        member = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return archive.read(member)


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def tamper(path: Path) -> None:
    """Change one byte of a file's middle; its size and its time stamps stay as they are."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _entry(member: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(member, _EPOCH)
    entry.external_attr = 0o100644 << 16
    return entry


def _record_line(member: str, digest: bytes, size: int) -> str:
    encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{member},sha256={encoded},{size}"


def _write_padding(archive: zipfile.ZipFile, member: str, size: int) -> str:
    digest = hashlib.sha256()
    with archive.open(_entry(member), "w", force_zip64=True) as stream:
        left = size
        while left:
            block = bytes(min(left, _BLOCK))
            stream.write(block)
            digest.update(block)
            left -= len(block)
    return _record_line(member, digest.digest(), size)
