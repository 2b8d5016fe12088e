# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the Python that an application is to run with.

The order is uv's: a version that is asked for, otherwise the system's `python3` if it fits, otherwise
the newest that does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request, Runner, is_there

_NAME = re.compile(r"^(?:python|pypy)3\.(?P<minor>\d+)t?d?$")


class PythonMissing(AirgapError):
    """`rejected`: path and reason of each interpreter that was looked at; `searched`: the folders."""

    def __init__(self, request: str, rejected: Sequence[tuple[str, str]], searched: Sequence[str]) -> None:
        super().__init__(request, rejected, searched)
        self.request = request
        self.rejected = list(rejected)
        self.searched = list(searched)

    def __str__(self) -> str:
        found = "".join(f"\n  {path}: {reason}" for path, reason in self.rejected) or " nothing."
        return (
            f"The host has no Python that is {self.request}. Install one there, or ask for another (python, "
            f"uv_deploy_python). Looked at in {', '.join(self.searched)}:{found}"
        )


class PythonUnusable(PythonMissing):
    """The one interpreter that was named is none, or cannot be asked."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, [(path, reason)], [])

    def __str__(self) -> str:
        return (
            f"python: {' '.join(self.rejected[0])}. Put that right on the host, or name another interpreter (python, "
            "uv_deploy_python)."
        )


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
        pypy = request.implementation == "pypy"
        if len(request.release) > 1:
            minor = f"{request.release[0]}.{request.release[1]}"
            # A PyPy's own folder has the names of CPython too; Debian's debug builds are called -dbg.
            own = [f"pypy{minor}", "pypy3", "pypy"] if pypy else [f"python{minor}{request.suffix}"]
            debug = [f"python{minor}-dbg"] if request.debug else []
            yield from self._named(*own, *debug, f"python{minor}", "python3", "python")
            return
        if pypy:
            yield from self._named("pypy3", "pypy")
            yield from self._newest("pypy")
        yield from self._named("python3")
        yield from self._newest("python")

    def _named(self, *names: str) -> Iterator[Path]:
        for name in dict.fromkeys(names):
            for folder in self.folders:
                if is_there(folder / name):
                    yield folder / name

    def _newest(self, program: str) -> Iterator[Path]:
        found = []
        for folder in self.folders:
            for path in folder.glob(f"{program}3.*"):
                match = _NAME.match(path.name)
                if match and is_there(path):
                    found.append((-int(match["minor"]), path))
        # Stable: of two with one version the folder that is searched first comes first.
        yield from (path for _minor, path in sorted(found, key=lambda pair: pair[0]))


def find(request: Request, search: Search, run: Runner) -> Interpreter:
    """The first interpreter that fits.

    Raises `PythonMissing` with what was looked at, and why not; for a path `PythonUnusable`.
    """
    rejected = []
    seen = set()
    for path in search.candidates(request):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            found = Interpreter.probe(str(path), run)
            refusal = request.refusal(found)
            if refusal is None:
                return found
        except ValueError as error:
            refusal = str(error)
        if request.path:
            raise PythonUnusable(request.path, refusal)
        rejected.append((str(path), refusal))
    raise PythonMissing(request.text, rejected, [str(folder) for folder in search.folders])


def _virtual(folder: Path) -> bool:
    """A virtual environment is someone else's, and may be gone tomorrow."""
    return is_there(folder.parent / "pyvenv.cfg")
