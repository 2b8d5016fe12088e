# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that travels: the archive of a standalone build, and where it goes on a host.

Under a deployment's folder each archive has a folder of its own, named after its version and hash:

    python/archives/<12 digits of its sha256>/<archive>
    python/<version>-<the same digits>/<uv's name for it>/bin/python3.12
    python/<version>-<the same digits>/SHA256SUMS     written last

uv itself would put all builds of one version in one place, and have environments use a link that moves
with the next patch release. Here nothing that comes later touches the Python of a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request, Runner
from ansible_collections.airgap.uv.plugins.module_utils.libc import AbiUnsupported, Libc, machine_of
from ansible_collections.airgap.uv.plugins.module_utils.python_build import ArchiveInvalid, PythonBuild
from ansible_collections.airgap.uv.plugins.module_utils.record import intact

# What every uv from 0.6.13 to 0.13.8 unpacks; the latter has given up .tar.xz and .tar.bz2.
_SUFFIXES = (".tar.gz", ".tgz", ".tar.zst")

_PLAIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+%~-]*$")
_HASH = re.compile(r"^(?:sha256[:=])?(?P<digest>[0-9A-Fa-f]{64})$")


@dataclass(frozen=True)
class Archive:
    """`path` is where it lies for whoever asks, and a host knows only its last part; `sha256` in lower case."""

    path: str
    sha256: str
    build: PythonBuild

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str = "python_archives[0]") -> Archive:
        """`path` and `hash`; `python` and `platform` where the file's name does not tell them.

        Raises `ArchiveInvalid`.
        """
        path = str(raw.get("path") or "")
        name = PurePosixPath(path).name
        if not _PLAIN.match(name) or not name.endswith(_SUFFIXES):
            raise ArchiveInvalid(
                f"{where}.path", f"{path!r} is no archive of a Python; give a file that ends in {', '.join(_SUFFIXES)}"
            )
        digest = _HASH.match(str(raw.get("hash") or ""))
        if not digest:
            raise ArchiveInvalid(f"{where}.hash", f"{raw.get('hash')!r} is none; write sha256: and its 64 digits")
        build = PythonBuild.parse(name, raw.get("python"), raw.get("platform"), where)
        return cls(path, digest["digest"].lower(), build)

    def as_dict(self) -> dict[str, str]:
        """As `parse` takes it, with the file's name beside."""
        return {
            "path": self.path,
            "name": self.name,
            "hash": f"sha256:{self.sha256}",
            "python": self.build.python,
            "platform": self.build.platform,
        }

    @property
    def name(self) -> str:
        """The file's name, on the controller and on the host."""
        return PurePosixPath(self.path).name

    @property
    def heading(self) -> str:
        """What the record of an installation begins with: the archive that its files came from."""
        return f"{self.name} sha256:{self.sha256}"

    @property
    def _short(self) -> str:
        """Digits of the hash that name folders."""
        return self.sha256[:12]

    def kept(self, deployment: Path) -> Path:
        """Where the archive lies on the host, so that a release can be made anew from the host alone."""
        return deployment / "python" / "archives" / self._short / self.name

    def home(self, deployment: Path) -> Path:
        """The folder that this Python and nothing else is installed in."""
        return deployment / "python" / f"{self.build.python}-{self._short}"

    def interpreter(self, deployment: Path) -> Path:
        """The interpreter: in the folder of its exact version, never behind a link of uv's."""
        return self.home(deployment) / self.build.key / self.build.executable

    def described(self, own: Interpreter, deployment: Path) -> Interpreter:
        """What it will say of itself on the host of `own`, before it is there."""
        markers = {
            **own.markers,
            "implementation_name": "cpython",
            "implementation_version": self.build.full,
            "platform_python_implementation": "CPython",
            "python_full_version": self.build.full,
            "python_version": self.build.minor,
        }
        return replace(
            own,
            path=str(self.interpreter(deployment)),
            version=self.build.version,
            threaded=self.build.threaded,
            bits=self.build.bits,
            markers=markers,
            debug=False,
            lacks=(),
        )

    def contradiction(self, found: Interpreter) -> str | None:
        """What the interpreter says it is, where that is not what the archive was given as; otherwise none."""
        same = (
            found.implementation == "cpython"
            and found.markers.get("python_full_version") == self.build.full
            and (found.threaded, found.debug) == (self.build.threaded, False)
        )
        machine = _machine(found)
        if same and machine not in (None, self.build.arch):
            return f"{found.name} for {machine}"
        return None if same else found.name

    def installed(self, deployment: Path, run: Runner) -> Interpreter | None:
        """The interpreter, where it is there as it was installed and runs; otherwise none.

        Each file that came out of the archive is hashed, about 0.3 s.
        """
        if not intact(self.home(deployment), self.heading):
            return None
        try:
            found = Interpreter.probe(str(self.interpreter(deployment)), run)
        except ValueError:
            return None
        return None if self.contradiction(found) else found


def parse_archives(raw: object, where: str = "python_archives") -> tuple[Archive, ...]:
    """The whole option. Two archives of one name would be taken for one another, and are refused."""
    if not isinstance(raw, (list, tuple)) or not all(isinstance(one, Mapping) for one in raw):
        raise ArchiveInvalid(where, "a list is wanted, each with `path` and `hash`")
    archives = tuple(Archive.parse(one, f"{where}[{number}]") for number, one in enumerate(raw))
    for number, archive in enumerate(archives):
        if archive.name in [other.name for other in archives[:number]]:
            raise ArchiveInvalid(f"{where}[{number}].path", f"{archive.name} is listed twice")
    return archives


def choose(archives: Iterable[Archive], request: Request, libc: Libc, machine: str) -> Archive | None:
    """The first that runs on the host and is the Python that is asked for.

    None where there is none, or an interpreter is asked for by its path.
    """
    if request.path:
        return None
    return next((archive for archive in archives if refusal(archive, request, libc, machine) is None), None)


def refusal(archive: Archive, request: Request, libc: Libc, machine: str) -> str | None:
    """Why it is not the one for this host, in the words of `Request.refusal`, or none."""
    if not archive.build.suits(libc, machine):
        return f"is for {archive.build.platform}, not for {machine} with {libc.name} {libc.version}"
    nothing = Interpreter(path="", version="", threaded=False, bits=64, libc=None, markers={})
    return request.refusal(archive.described(nothing, Path("/")))


def _machine(python: Interpreter) -> str | None:
    """The architecture that it was compiled for; None where that cannot be told."""
    try:
        return machine_of(python)
    except AbiUnsupported as error:
        return error.abi
    except KeyError:
        return None
