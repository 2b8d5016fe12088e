# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python on a host that an application runs with: asked for, searched and described.

The order is uv's: a version that is asked for, otherwise the system's `python3` if it fits, otherwise
the newest that does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.specifier import (
    Specifier,
    SpecifierInvalid,
    parse_release,
)

# Runs a command; gives its return code, standard output and standard error.
Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]

# Runs in the interpreter that is described. The markers are packaging.markers.default_environment's
# (https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
PROBE = """
import json, os, platform, struct, sys
def full(info):
    release = "{0.major}.{0.minor}.{0.micro}".format(info)
    return release if info.releaselevel == "final" else release + info.releaselevel[0] + str(info.serial)
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except (AttributeError, OSError, ValueError):
    libc = None
print(json.dumps({
    "executable": sys.executable,
    "version": "{0.major}.{0.minor}.{0.micro}".format(sys.version_info),
    "threaded": "t" in getattr(sys, "abiflags", ""),
    "bits": struct.calcsize("P") * 8,
    "libc": libc,
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
"""

_REQUEST = re.compile(r"^(?:(?:cpython|python|cp)[-@]?)?(?P<release>3(?:\.\d+){0,2})(?P<threaded>t?)$")
_NAME = re.compile(r"^python3\.(?P<minor>\d+)(?P<threaded>t?)$")


class PythonRequestInvalid(AirgapError):
    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request

    def __str__(self) -> str:
        return (
            f"python: {self.request!r} names no Python. Give a version (3.11, 3.11.2, 3.13t), a range "
            "(>=3.11,<3.14) or the path of an interpreter."
        )


class PythonMissing(AirgapError):
    """`rejected`: path and reason of each interpreter that was looked at; `searched`: the folders."""

    def __init__(self, request: str, rejected: Sequence[tuple[str, str]], searched: Sequence[str]) -> None:
        super().__init__(request, rejected, searched)
        self.request = request
        self.rejected = list(rejected)
        self.searched = list(searched)

    def __str__(self) -> str:
        found = "".join(f"\n  {path}: {reason}" for path, reason in self.rejected) or " nothing."
        where = f" in {', '.join(self.searched)}" if self.searched else ""
        return (
            f"The host has no Python that is {self.request}. Install one there, or ask for another (python, "
            f"uv_deploy_python). Looked at{where}:{found}"
        )


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that was run: what it says of itself (see `PROBE`)."""

    path: str
    version: str
    threaded: bool
    bits: int
    libc: str | None
    markers: Mapping[str, str] = field(repr=False)

    @classmethod
    def probe(cls, path: str, run: Runner) -> Interpreter:
        """Run the interpreter once. Raises `ValueError` with the reason when that gives nothing."""
        try:
            rc, out, err = run([path, "-I", "-S", "-c", PROBE])
        except OSError as error:
            raise ValueError(f"does not run ({error.strerror or error})") from None
        if rc != 0:
            last = (err.strip().splitlines() or [f"code {rc}"])[-1]
            raise ValueError(f"does not run ({last})")
        try:
            told = json.loads(out.strip().splitlines()[-1])
            return cls.parse(path, told)
        except (IndexError, KeyError, TypeError, ValueError):
            raise ValueError("is no Python") from None

    @classmethod
    def parse(cls, path: str, told: Mapping[str, Any]) -> Interpreter:
        # A wrapper such as a version manager's shim stands for the interpreter behind it.
        return cls(
            path=str(told["executable"] or path),
            version=str(told["version"]),
            threaded=bool(told["threaded"]),
            bits=int(told["bits"]),
            libc=told["libc"],
            markers={str(key): str(value) for key, value in told["markers"].items()},
        )

    @property
    def release(self) -> tuple[int, ...]:
        return parse_release(self.version)

    @property
    def name(self) -> str:
        """As a target names it: `3.11.2`, free-threaded `3.13.1t`."""
        return f"{self.version}{'t' if self.threaded else ''}"


@dataclass(frozen=True)
class Request:
    """What is asked of an interpreter: a path, the first parts of its version, or a range."""

    text: str
    path: str | None = None
    release: tuple[int, ...] = ()
    threaded: bool = False
    within: Specifier = field(default_factory=lambda: Specifier.parse(""))

    @classmethod
    def parse(cls, python: str | None, requires_python: str | None = None) -> Request:
        """`requires_python` counts only where `python` is not given, as with `.python-version` in uv."""
        asked = (python or "").strip()
        if not asked:
            return cls._within(requires_python or "", f"within requires-python {requires_python}")
        if asked[0] in "<>=!~":
            return cls._within(asked, asked)
        if "/" in asked:
            return cls(asked, path=asked)
        match = _REQUEST.match(asked)
        if not match:
            raise PythonRequestInvalid(asked)
        return cls(asked, release=parse_release(match["release"]), threaded=bool(match["threaded"]))

    @classmethod
    def _within(cls, text: str, words: str) -> Request:
        try:
            return cls(words if text.strip() else "of version 3", within=Specifier.parse(text))
        except SpecifierInvalid as error:
            raise PythonRequestInvalid(str(error)) from None

    def refusal(self, found: Interpreter) -> str | None:
        """Why this interpreter is not the one, or none."""
        if self.path:
            return None
        if found.markers.get("implementation_name") != "cpython":
            return f"is {found.markers.get('platform_python_implementation')} {found.version}, not CPython"
        if found.threaded != self.threaded:
            return f"is {found.name}, {'' if found.threaded else 'not '}free-threaded"
        fits = found.release[: len(self.release)] == self.release and self.within.contains(found.release)
        return None if fits and found.release[0] == 3 else f"is {found.name}"


@dataclass(frozen=True)
class Search:
    """Where interpreters are looked for, and in which order."""

    folders: tuple[Path, ...]

    @classmethod
    def usual(cls, path: str, own: str, root: Path = Path("/")) -> Search:
        """`PATH`, the usual places, and last the folder of the Python that runs Ansible's modules."""
        named = [Path(part) for part in path.split(":") if part.startswith("/")]
        usual = [root / "usr/bin", root / "usr/local/bin", *sorted((root / "opt").glob("*/bin")), Path(own)]
        folders = dict.fromkeys([*named, *usual])
        return cls(tuple(folder for folder in folders if is_there(folder, Path.is_dir) and not _virtual(folder)))

    def candidates(self, request: Request) -> Iterator[Path]:
        """Paths, the best first. Nothing is run here."""
        if request.path:
            yield Path(request.path)
            return
        if len(request.release) > 1:
            name = f"python{request.release[0]}.{request.release[1]}"
            yield from self._named(name + "t" if request.threaded else name, name, "python3", "python")
            return
        yield from self._named("python3")
        yield from self._newest()

    def _named(self, *names: str) -> Iterator[Path]:
        for name in names:
            for folder in self.folders:
                if is_there(folder / name):
                    yield folder / name

    def _newest(self) -> Iterator[Path]:
        found = []
        for folder in self.folders:
            for path in folder.glob("python3.*"):
                match = _NAME.match(path.name)
                if match and is_there(path):
                    found.append((-int(match["minor"]), path))
        # Stable: of two with one version the folder that is searched first comes first.
        yield from (path for _minor, path in sorted(found, key=lambda pair: pair[0]))


def find(request: Request, search: Search, run: Runner) -> Interpreter:
    """The first interpreter that fits. Raises `PythonMissing` with what was looked at, and why not."""
    rejected = []
    seen = set()
    for path in search.candidates(request):
        real = path.resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            found = Interpreter.probe(str(path), run)
        except ValueError as error:
            rejected.append((str(path), str(error)))
            continue
        refusal = request.refusal(found)
        if refusal is None:
            return found
        rejected.append((str(path), refusal))
    searched = [] if request.path else [str(folder) for folder in search.folders]
    raise PythonMissing(request.text, rejected, searched)


def _virtual(folder: Path) -> bool:
    """A virtual environment is someone else's, and may be gone tomorrow."""
    return is_there(folder.parent / "pyvenv.cfg")


def is_there(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether this user can see it; pathlib raises for a folder on PATH that belongs to somebody else."""
    try:
        return kind(path)
    except OSError:
        return False
