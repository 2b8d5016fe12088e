# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a host is asked before a deployment. What cannot be told keeps nothing else from being told."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.deployment import (
    Deployment,
    DeploymentClosed,
    ServiceUser,
    Uv,
    executable_in,
    unknown,
)
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request, Runner
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc, machine_of
from ansible_collections.airgap.uv.plugins.module_utils.loader import missing
from ansible_collections.airgap.uv.plugins.module_utils.places import kept_wheels, nearest, places
from ansible_collections.airgap.uv.plugins.module_utils.reach import unreachable
from ansible_collections.airgap.uv.plugins.module_utils.search import PythonMissing, PythonUnusable, Search, find
from ansible_collections.airgap.uv.plugins.module_utils.standalone import Archive, choose, parse_archives, refusal


class HostUnfit(AirgapError):
    """What could not be told of the host, and beside it everything that could."""

    def __init__(self, errors: list[AirgapError], told: dict[str, Any]) -> None:
        super().__init__(errors, told)
        self._errors = errors
        self._told = told

    def facts(self) -> dict[str, Any]:
        found = {key: value for error in self._errors for key, value in error.facts().items()}
        return {**found, **self._told}

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self._errors)


class ArchivesNeedPath(AirgapError):
    def __str__(self) -> str:
        return "python_archives: path is missing, the folder on the host that a Python is installed under."


@dataclass(frozen=True)
class Question:
    """The module's options. `path` is the deployment's folder."""

    python: str | None = None
    requires_python: str | None = None
    archives: tuple[Mapping[str, Any], ...] = ()
    path: Path | None = None
    uv_executable: str | None = None
    service_user: str | None = None
    owner: str | None = None
    group: str | None = None
    libraries: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Question:
        return cls(
            python=raw["python"],
            requires_python=raw["requires_python"],
            archives=tuple(raw["python_archives"] or ()),
            path=Path(os.path.abspath(raw["path"])) if raw["path"] else None,
            uv_executable=raw["uv_executable"],
            service_user=raw["service_user"],
            owner=raw["owner"],
            group=raw["group"],
            libraries=tuple(raw.get("libraries") or ()),
            servers=tuple(raw.get("servers") or ()),
        )


@dataclass(frozen=True)
class Host:
    """How it is asked: `run` runs commands, `folders` are searched for programs, `search` for interpreters.

    `own` is the interpreter that Ansible uses, `tmp` the folder where Ansible puts its own files.
    """

    run: Runner
    folders: list[Path]
    search: Search
    own: str
    tmp: Path

    def answer(self, question: Question) -> dict[str, Any]:
        """Everything that the module returns. Raises `HostUnfit`."""
        parts: dict[str, Callable[[], Any]] = {
            "rsync": lambda: executable_in("rsync", self.folders),
            "user": _user,
            "unknown": lambda: unknown(question.owner, question.group),
            "uv": lambda: self._uv(question),
            **(_deployed(question.path, self.tmp, question.service_user) if question.path else {}),
        }
        told: dict[str, Any] = {}
        errors: list[AirgapError] = []
        if question.libraries:
            parts["missing_libraries"] = lambda: missing(
                question.libraries, self._loading(told), self.run, bool((told.get("python") or {}).get("installed"))
            )
        if question.servers:
            parts["unreachable_servers"] = lambda: unreachable(question.servers)
        try:
            told.update(self._python(question))
        except AirgapError as error:
            errors.append(error)
        for name, part in parts.items():
            try:
                told[name] = part()
            except AirgapError as error:
                errors.append(error)
            except OSError as error:
                closed = _closed(error, question.path or Path("/"))
                if str(closed) not in map(str, errors):
                    errors.append(closed)
        if errors:
            raise HostUnfit(errors, told)
        return told

    def _uv(self, question: Question) -> dict[str, Any] | None:
        own = [question.path / "bin"] if question.path else []
        uv = Uv.find(question.uv_executable, [*self.folders, *own], self.run)
        return asdict(uv) if uv else None

    def _python(self, question: Question) -> dict[str, Any]:
        request = Request.parse(question.python, question.requires_python)
        archives = parse_archives(list(question.archives))
        if not archives:
            return self._present(request).told()
        if question.path is None:
            raise ArchivesNeedPath
        libc, own = self._own()
        machine = machine_of(own)
        archive = choose(archives, request, libc, machine)
        if archive is not None:
            installed = archive.installed(question.path, self.run)
            python = installed or archive.described(own, question.path)
            return Found(python, libc, archive, installed is not None).told()
        unfit = [(archive.name, refusal(archive, request, libc, machine) or "") for archive in archives]
        return self._present(request, unfit).told()

    def _loading(self, told: Mapping[str, Any]) -> str:
        """The interpreter that libraries are loaded with: the application's, if it is there."""
        python = told.get("python") or {}
        return str(python["path"]) if python.get("installed") else self.own

    def _own(self) -> tuple[Libc, Interpreter]:
        """Ansible's interpreter, which tells what the host is like before the application's is there."""
        try:
            own = Interpreter.probe(self.own, self.run)
        except ValueError as error:
            raise PythonUnusable(self.own, str(error)) from None
        return Libc.of(own, self.run), own

    def _present(self, request: Request, unfit: Sequence[tuple[str, str]] = ()) -> Found:
        """The host's own interpreter; `unfit` are the archives that were given, with what keeps each from being it."""
        try:
            python = find(request, self.search, self.run)
        except PythonMissing as error:
            if not request.path:
                error.rejected[:0] = unfit
            raise
        return Found(python, Libc.of(python, self.run))


@dataclass(frozen=True)
class Found:
    """The interpreter for the application; with `archive` it travels, and may not be there yet."""

    python: Interpreter
    libc: Libc
    archive: Archive | None = None
    installed: bool = True

    def told(self) -> dict[str, Any]:
        python = self.python
        return {
            "target": {
                "python": python.name,
                "platform": self.libc.platform(python),
                "markers": dict(python.markers),
            },
            "python": {
                "path": python.path,
                "version": python.version,
                "implementation": python.implementation,
                "threaded": python.threaded,
                "debug": python.debug,
                "bits": python.bits,
                "lacks": list(python.lacks),
                "arrives": self.archive.name if self.archive else None,
                "installed": self.installed,
            },
            "libc": asdict(self.libc),
        }


def _deployed(path: Path, tmp: Path, service_user: str | None) -> dict[str, Callable[[], Any]]:
    """What is asked of a deployment's folder; each may meet a folder that is closed to this user (`OSError`)."""
    deployment = Deployment(path)
    parts: dict[str, Callable[[], Any]] = {
        "places": lambda: places(path, tmp=tmp),
        "free_bytes": lambda: deployment.free_bytes,
        "in_the_way": lambda: deployment.in_the_way,
        "current": lambda: deployment.current,
        "current_python": lambda: deployment.current_python,
        "releases": lambda: deployment.releases,
        "wheels": lambda: kept_wheels(path / "wheels"),
    }
    if service_user:
        parts["service_user"] = lambda: asdict(ServiceUser.of(service_user, path))
    return parts


def _closed(error: OSError, path: Path) -> DeploymentClosed:
    """Names the folder that keeps this user out, not each that is wanted below it."""
    return DeploymentClosed(str(nearest(Path(error.filename or path))), error.strerror or str(error))


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
