# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look for the private index's password in files, in archives among them too; print where it is.

Usage: leaks.py SERVERS_JSON PATH...    (`-` is a tar archive on standard input)

It is looked for as it is and as HTTP sends it, with the user in base64. Ends with 1 where it is found, and with
2 where there was nothing to look into. It never prints the password, and gets it from a file, since
Ansible notes arguments and input.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

Found = Iterator[tuple[str, bytes]]


def contents(path: Path) -> Found:
    """Every file below a path, and every member of the archives among them."""
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if each.is_file() and not each.is_symlink():
            yield from unpacked(str(each), each.read_bytes())


def unpacked(name: str, data: bytes) -> Found:
    yield name, data
    stream = io.BytesIO(data)
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            for member in archive.namelist():
                yield f"{name}: {member}", archive.read(member)
    elif name.endswith((".tar.gz", ".tgz")):
        yield from members(name, io.BytesIO(data), "r:gz")


def members(name: str, stream: BinaryIO, mode: str) -> Found:
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None:
                yield f"{name}: {member.name}", file.read()


def main(servers: Path, paths: list[str]) -> int:
    told = json.loads(servers.read_text(encoding="utf-8"))
    password = told["password"].encode()
    secrets = (password, base64.b64encode(told["user"].encode() + b":" + password))
    looked = 0
    leaks = []
    for path in paths:
        found = members(path, sys.stdin.buffer, "r|") if path == "-" else contents(Path(path))
        for name, data in found:
            looked += 1
            if any(secret in data for secret in secrets):
                leaks.append(name)
    print("\n".join([*leaks, f"{looked} files"]))
    return 1 if leaks else 0 if looked else 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
