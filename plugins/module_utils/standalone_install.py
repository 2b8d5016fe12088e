# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A standalone Python, installed on a host by uv from an archive that lies there.

uv checks the archive's hash too, unpacks it, corrects the paths that its build left in `sysconfig`, and marks
it as not to be changed by pip. It counts as installed once its record is written, which is the last thing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ansible_collections.airgap.uv.plugins.module_utils.arrival import Owner
from ansible_collections.airgap.uv.plugins.module_utils.deployment import Uv
from ansible_collections.airgap.uv.plugins.module_utils.environ import clean
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Runner
from ansible_collections.airgap.uv.plugins.module_utils.record import NAME, verify, write
from ansible_collections.airgap.uv.plugins.module_utils.scratch import Scratch, scratch
from ansible_collections.airgap.uv.plugins.module_utils.specifier import parse_release
from ansible_collections.airgap.uv.plugins.module_utils.standalone import Archive
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import UvTooOld

# UV_PYTHON_DOWNLOADS_JSON_URL came with it (https://github.com/astral-sh/uv/pull/10939). Tried with it, 0.7.2,
# 0.8.0, 0.10.0, 0.12.0 and 0.13.8.
MINIMUM = (0, 6, 13)

# Parts of the standard library that no application imports, and what is not the standard library.
_NOT_COMPILED = r"/(test|tests|idlelib|lib2to3|turtledemo|ensurepip|site-packages)/"


class CommandRunner(Protocol):
    """Runs a command with exactly that environment; gives its return code, standard output and standard error."""

    def __call__(self, argv: list[str], env: Mapping[str, str]) -> tuple[int, str, str]: ...


class PythonNotInstalled(AirgapError):
    """`python` is what the archive was given as, `said` the end of what uv said."""

    def __init__(self, archive: str, python: str, uv_version: str, said: str) -> None:
        super().__init__(archive, python, uv_version, said)
        self.archive = archive
        self.python = python
        self.uv_version = uv_version
        self.said = said

    def __str__(self) -> str:
        return (
            f"uv {self.uv_version} cannot install {self.archive}: {self.said}. Nothing was left behind. Give an "
            f"archive of CPython {self.python}, laid out as python-build-standalone's are (python/bin, python/lib)."
        )


class PythonUnusable(AirgapError):
    """What came out of the archive is not what it was given as, or does not run on this host."""

    def __init__(self, archive: str, given: str, reason: str) -> None:
        super().__init__(archive, given, reason)
        self.archive = archive
        self.given = given
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The Python out of {self.archive}, given as {self.given}, {self.reason}. It was removed again. Correct "
            "python and platform of the archive, or give one that runs on this host."
        )


@dataclass(frozen=True)
class Installation:
    """One archive for one deployment. `environ` is what the task gives, `owner` whom the files belong to."""

    archive: Archive
    deployment: Path
    owner: Owner
    environ: Mapping[str, str]
    run_command: CommandRunner
    probe: Runner

    def install(self, source: Path, uv: Uv) -> Interpreter:
        """Install from `source`. What was there, half or changed, is there again where this fails.

        Raises `UvTooOld`, `ArchiveChanged`, `ArchiveUnreadable`, `PythonNotInstalled` or `PythonUnusable`,
        and what `scratch` raises.
        """
        if parse_release(uv.version) < MINIMUM:
            raise UvTooOld(uv.path, uv.version, ".".join(map(str, MINIMUM)))
        verify(source, self.archive.sha256)
        home = self.archive.home(self.deployment)
        self._make_folders(home.parent)
        with scratch(home) as held:
            # Another run may have had it meanwhile.
            found = self.archive.installed(self.deployment, self.probe)
            if found:
                self.settle()
                return found
            if os.path.lexists(home):
                held.set_aside()
            try:
                self._unpack(source, uv, home, held)
                found = self._probed()
                self._compile(home)
                write(home, self.archive.heading)
                self.settle()
            except BaseException:
                shutil.rmtree(home, ignore_errors=True)
                held.put_back()
                raise
        return found

    def _make_folders(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folders(folder.parent)
            folder.mkdir(mode=0o755)
            self.owner.give(folder)

    def _unpack(self, source: Path, uv: Uv, home: Path, held: Scratch) -> None:
        downloads = held.path / "downloads.json"
        entry = self.archive.build.download(source.absolute().as_uri(), self.archive.sha256)
        key = self.archive.build.key
        downloads.write_text(json.dumps({key: entry}), encoding="utf-8")
        environ = {
            **clean(self.environ),
            "TMPDIR": str(held.path),
            "UV_PYTHON_DOWNLOADS": "manual",
            "UV_PYTHON_DOWNLOADS_JSON_URL": str(downloads),
            "UV_PYTHON_INSTALL_BIN": "0",
            "UV_PYTHON_INSTALL_DIR": str(home),
            "UV_NO_WRAP": "1",
        }
        argv = [uv.path, "python", "install", key, "--no-config", "--no-cache", "--offline"]
        rc, out, err = self.run_command([*argv, "--color", "never", "--no-progress"], environ)
        if rc != 0 or not (home / key).is_dir():
            raise PythonNotInstalled(str(source), self.archive.build.python, uv.version, _last(err or out))
        # uv leaves a lock that everybody may write, and a link that would name the next patch release one day.
        for left in list(home.iterdir()):
            if left.name != key:
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()

    def _probed(self) -> Interpreter:
        given = f"{self.archive.build.python} for {self.archive.build.platform}"
        try:
            found = Interpreter.probe(str(self.archive.interpreter(self.deployment)), self.probe)
        except ValueError as error:
            raise PythonUnusable(self.archive.name, given, str(error)) from None
        said = self.archive.contradiction(found)
        if said:
            raise PythonUnusable(self.archive.name, given, f"is {said}")
        return found

    def _compile(self, home: Path) -> None:
        """Bytecode, which whoever runs the application may not write. Without it everything runs, slower."""
        build = self.archive.build
        library = home / build.key / "lib" / Path(build.executable).name
        compileall = [str(home / build.key / build.executable), "-I", "-m", "compileall", "-q", "-x", _NOT_COMPILED]
        self.run_command([*compileall, str(library)], clean(self.environ))

    @property
    def settled(self) -> bool:
        """Whether what is installed belongs to the owner. The record is given last, so it speaks for the rest."""
        return not self.owner.differs((self.archive.home(self.deployment) / NAME).lstat())

    def settle(self) -> None:
        """uv sets modes by the umask, which is 022, and takes no owner from an archive."""
        home = self.archive.home(self.deployment)
        self.owner.give(home)
        for above, folders, files in os.walk(home):
            for name in (*folders, *files):
                if Path(above, name) != home / NAME:
                    self.owner.give(Path(above, name))
        self.owner.give(home / NAME)


def _last(said: str) -> str:
    """uv's error and its causes in one line, without the progress before."""
    given = [line.strip() for line in said.splitlines()]
    begin = next((number for number, line in enumerate(given) if line.lower().startswith("error:")), 0)
    lines = [re.sub(r"^(error|caused by|cause):\s*", "", line, flags=re.IGNORECASE) for line in given[begin:]]
    return ": ".join(line.rstrip(".") for line in lines[-3:] if line) or "it said nothing"
