# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, one class a kind.

Each class carries the facts as attributes and builds its sentence from them: what happened,
where, and what to do. Nothing here knows Ansible; `guard.guarded` turns them into `fail_json`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class AirgapError(Exception):
    """Base of everything that a user can put right. `str()` is the whole message."""

    def facts(self) -> dict[str, Any]:
        """The public attributes, for `fail_json`: plain values only."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}


class EntryInvalid(AirgapError):
    """An entry of an option. `where` is its place in the options."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(where, reason)
        self.where = where
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}."


class CommandError(AirgapError):
    """A command that the work needs did not succeed."""

    def __init__(self, what: str, argv: list[str], rc: int, output: str, remedy: str = "") -> None:
        super().__init__(what, argv, rc, output, remedy)
        self.what = what
        self.argv = argv
        self.rc = rc
        self.output = output
        self.remedy = remedy

    def facts(self) -> dict[str, Any]:
        # The arguments may hold an index with its credential.
        return {**super().facts(), "argv": self.argv[:2]}

    def __str__(self) -> str:
        tail = "\n".join(self.output.strip().splitlines()[-20:])
        said = f" It said:\n{tail}" if tail else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.what}: {' '.join(self.argv[:2])} ended with code {self.rc}.{remedy}{said}"


def _listed(lines: Iterable[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)


class LibrariesMissing(AirgapError):
    def __init__(self, python: str, libraries: list[str]) -> None:
        super().__init__(python, libraries)
        self.python = python
        self.libraries = libraries

    def __str__(self) -> str:
        wanted = " ".join(f"'{name}'" for name in self.libraries)
        return (
            f"The controller's Python {self.python} lacks {', '.join(self.libraries)}, or has an older one. "
            f"Install: {self.python} -m pip install {wanted} "
            "(or name another interpreter in uv_deploy_controller_python)."
        )


class TargetUnknown(AirgapError):
    def __init__(self, target: str, known: list[str]) -> None:
        super().__init__(target, known)
        self.target = target
        self.known = known

    def __str__(self) -> str:
        return f"targets: {self.target!r} is not known. Write one such as {', '.join(self.known)}."


class TargetNotSupported(AirgapError):
    def __init__(self, target: str, reason: str) -> None:
        super().__init__(target, reason)
        self.target = target
        self.reason = reason

    def __str__(self) -> str:
        return f"targets: {self.target} cannot be collected for: {self.reason}."


class TargetsNotServed(AirgapError):
    """`obstacles`: each with `target`, `package` (or None), `reason` and `nearest`, as the module returns them."""

    def __init__(self, obstacles: list[dict[str, Any]]) -> None:
        super().__init__(obstacles)
        self.obstacles = obstacles

    def __str__(self) -> str:
        targets: dict[tuple[str, str], list[str]] = {}
        for item in self.obstacles:
            targets.setdefault((item["package"] or "", item["reason"]), []).append(item["target"])
        lines = [
            f"{f'{package} for ' if package else ''}{', '.join(labels)}: {reason}"
            for (package, reason), labels in targets.items()
        ]
        return (
            "Some targets cannot be served. Choose another Python or platform for them, allow the build, bring a "
            "wheel (extra_wheels), leave the package out (no_install_package), or collect for the other targets "
            f"alone (partial):{_listed(lines)}"
        )


class ProjectMissing(AirgapError):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"There is no {self.path}. `project` names the folder that holds pyproject.toml and uv.lock."


class ProjectInvalid(AirgapError):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} cannot be used: {self.reason}."


class OptionInvalid(AirgapError):
    def __init__(self, option: str, value: str, reason: str) -> None:
        super().__init__(option, value, reason)
        self.option = option
        self.value = value
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.option}: {self.value} cannot be used: {self.reason}."


class FileInvalid(AirgapError):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} is not valid: {self.reason}."


class LockfileMissing(AirgapError):
    """`above`: the nearest folder above that has a lock, of a workspace most likely, or None."""

    def __init__(self, path: str, above: str | None = None) -> None:
        super().__init__(path, above)
        self.path = path
        self.above = above

    def __str__(self) -> str:
        if self.above:
            return (
                f"There is no {self.path}, but one in {self.above}. If that is the workspace, give it as `project` "
                "and name the member in `package`."
            )
        return f"There is no {self.path}. Run `uv lock` in that folder and commit the lock with the project."


class LockfileTooNew(AirgapError):
    def __init__(self, path: str, found: Any, known: int) -> None:
        super().__init__(path, found, known)
        self.path = path
        self.found = found
        self.known = known

    def __str__(self) -> str:
        return (
            f"{self.path} has lock version {self.found!r}, and version {self.known} is known here. "
            "Update this collection, or make the lock with a uv that writes that version."
        )


class LockfileNotSupported(AirgapError):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} cannot be read: {self.reason}."


class LockOutdated(AirgapError):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"{self.path} is out of date with its pyproject.toml. Run `uv lock` there and look at what changes; "
            "`frozen: true` takes the lock as it is."
        )


class LockCheckImpossible(AirgapError):
    def __init__(self, path: str, output: str) -> None:
        super().__init__(path, output)
        self.path = path
        self.output = output

    def __str__(self) -> str:
        return (
            f"Whether {self.path} is up to date cannot be checked. `frozen: true` takes the lock as it is, "
            f"without this check. uv said:\n{self.output}"
        )


class HashMissing(AirgapError):
    def __init__(self, path: str, artifacts: list[str]) -> None:
        super().__init__(path, artifacts)
        self.path = path
        self.artifacts = artifacts

    def __str__(self) -> str:
        return (
            f"{self.path} has no sha256 for {len(self.artifacts)} file(s), so they cannot be verified. Lock again "
            "with an index that gives it, or leave the packages out (no_install_package); a wheel of each that is "
            f"brought as well (extra_wheels) is then taken instead:{_listed(self.artifacts)}"
        )


class HashMismatch(AirgapError):
    """`files`: file name, where from, wanted sha256, what was found. `also`: what failed for other reasons."""

    def __init__(self, files: list[tuple[str, str, str, str]], also: AirgapError | None = None) -> None:
        super().__init__(files, also)
        self.files = files
        self._also = also

    @classmethod
    def joined(cls, errors: Iterable[HashMismatch], also: AirgapError | None = None) -> HashMismatch:
        return cls(sorted(file for error in errors for file in error.files), also)

    def __str__(self) -> str:
        lines = [
            f"{name} from {where}: wanted sha256 {wanted}, got {found}" for name, where, wanted, found in self.files
        ]
        return (
            "What arrived is not what the lock says; nothing of it was kept. Find out who changed it, "
            f"and lock again only if the change is meant:{_listed(lines)}" + (f"\n{self._also}" if self._also else "")
        )


class FetchFailed(AirgapError):
    """`files`: file name, URL without credentials, reason."""

    def __init__(self, files: list[tuple[str, str, str]]) -> None:
        super().__init__(files)
        self.files = sorted(files)

    def __str__(self) -> str:
        lines = [f"{name} from {url}: {reason}" for name, url, reason in self.files]
        return (
            f"{len(self.files)} file(s) could not be fetched. What did arrive is kept; run again when the servers "
            f"answer, or leave the packages out (no_install_package):{_listed(lines)}"
        )


class CredentialsRefused(AirgapError):
    """`indexes`: what is to be done for each, a sentence, with the files that it keeps back."""

    def __init__(self, indexes: dict[str, list[str]], also: AirgapError | None = None) -> None:
        super().__init__(indexes, also)
        self.indexes = {sentence: sorted(files) for sentence, files in sorted(indexes.items())}
        self._also = also

    def __str__(self) -> str:
        lines = [
            f"{sentence}. It keeps back {files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}."
            for sentence, files in self.indexes.items()
        ]
        return f"Credentials are missing or wrong; what did arrive is kept:{_listed(lines)}" + (
            f"\n{self._also}" if self._also else ""
        )


class CertificateNotTrusted(AirgapError):
    def __init__(self, host: str, ca_bundle: str | None) -> None:
        super().__init__(host, ca_bundle)
        self.host = host
        self.ca_bundle = ca_bundle

    def __str__(self) -> str:
        looked = f"the certificates in {self.ca_bundle}" if self.ca_bundle else "the usual certificates"
        return (
            f"The certificate of {self.host} is not trusted by {looked}. Give the file with the authority that "
            "signed it as `ca_bundle` (uv_deploy_ca_bundle)."
        )


class DiskFull(AirgapError):
    def __init__(self, path: str, file: str, size: int | None) -> None:
        super().__init__(path, file, size)
        self.path = path
        self.file = file
        self.size = size

    def __str__(self) -> str:
        needs = f", which has {self.size} bytes" if self.size else ""
        return (
            f"The disk that holds {self.path} is full; {self.file}{needs}, was not written. "
            "Free some space and run again."
        )


class SourceNotSupported(AirgapError):
    """`packages`: name and version, and what is the matter with their sources."""

    def __init__(self, packages: list[tuple[str, str]]) -> None:
        super().__init__(packages)
        self.packages = packages

    def __str__(self) -> str:
        lines = [f"{label}: {kind}" for label, kind in self.packages]
        return (
            "The lock names sources that this version does not collect. Leave the packages out (no_install_package); "
            f"a wheel of each that is brought as well (extra_wheels) is then taken instead:{_listed(lines)}"
        )


class SourceUnsafe(AirgapError):
    """A source that must not or cannot be unpacked."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source = source
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.source} was not unpacked, and nothing of it ran: {self.reason}. Lock a source that is sound, bring "
            "a wheel of it (extra_wheels) or leave the package out (no_install_package)."
        )


class ProofFailed(AirgapError):
    """`problems`: each with `package`, `target`, what was `collected` and what is `proven` by whom (`judge`)."""

    def __init__(self, problems: list[dict[str, Any]], sentences: list[str]) -> None:
        super().__init__(problems, sentences)
        self.problems = problems
        self._sentences = sentences

    def __str__(self) -> str:
        return (
            "The staged project would not install what was collected, so it must not be deployed. Run again, for the "
            "wheelhouse may have been changed meanwhile; if that does not help, report this as a fault of the "
            f"collection:{_listed(self._sentences)}"
        )


class WheelUnreadable(AirgapError):
    """`wheels`: file name and sha256 of each, which is the one that the lock names."""

    def __init__(self, wheels: list[tuple[str, str]]) -> None:
        super().__init__(wheels)
        self.wheels = wheels

    def __str__(self) -> str:
        return (
            "These files are what the lock names, and no wheels: they cannot be read as zip archives, so no host could "
            "install them. Tell whoever publishes them; leave the packages out (no_install_package), bring a wheel of "
            "each (extra_wheels), or lock another version:"
            f"{_listed(f'{name} (sha256 {digest})' for name, digest in self.wheels)}"
        )


class ExtraWheelInvalid(AirgapError):
    """`option`: which of the module's options brought the wheel."""

    def __init__(self, path: str, reason: str, option: str = "extra_wheels") -> None:
        super().__init__(path, reason, option)
        self.path = path
        self.reason = reason
        self.option = option

    def __str__(self) -> str:
        return f"{self.option}: {self.path} cannot be used: {self.reason}."


class UvMissing(AirgapError):
    def __init__(self, executable: str | None, python: str) -> None:
        super().__init__(executable, python)
        self.executable = executable
        self.python = python

    def __str__(self) -> str:
        looked = self.executable or f"beside {self.python} and on PATH"
        return f"uv is not on the controller (looked for {looked}). Install: {self.python} -m pip install uv"


class UvTooOld(AirgapError):
    def __init__(self, path: str, found: str, minimum: str) -> None:
        super().__init__(path, found, minimum)
        self.path = path
        self.found = found
        self.minimum = minimum

    def __str__(self) -> str:
        return (
            f"{self.path} is uv {self.found}; the controller needs {self.minimum} or later. "
            "Update it, or name another (uv_executable)."
        )


class UvRequiredVersion(AirgapError):
    def __init__(self, path: str, found: str, required: str, project: str) -> None:
        super().__init__(path, found, required, project)
        self.path = path
        self.found = found
        self.required = required
        self.project = project

    def __str__(self) -> str:
        return (
            f"The project {self.project} demands uv {self.required} (required-version), "
            f"and {self.path} is {self.found}. Name a uv that fits (uv_executable), or change required-version."
        )


class InterpreterMissing(AirgapError):
    """`rejected`: paths of interpreters with the reason why each is not the one."""

    def __init__(self, request: str, rejected: list[tuple[str, str]]) -> None:
        super().__init__(request, rejected)
        self.request = request
        self.rejected = rejected

    def __str__(self) -> str:
        found = _listed(f"{path} {reason}" for path, reason in self.rejected[:8])
        looked = f" These were looked at:{found}" if found else ""
        return (
            f"The controller has no Python {self.request}, which a build needs. Install it, forbid the build "
            f"(no_build), leave the package out (no_install_package) or bring a wheel (extra_wheels).{looked}"
        )


class TargetPythonMissing(InterpreterMissing):
    def __str__(self) -> str:
        found = _listed(f"{path} {reason}" for path, reason in self.rejected[:8])
        looked = f" These were looked at:{found}" if found else ""
        return (
            f"targets: none are given, and this machine has no Python {self.request} to collect for. "
            f"Name the targets, or install that Python.{looked}"
        )


class BuildFailed(AirgapError):
    def __init__(self, source: str, python: str, output: str) -> None:
        super().__init__(source, python, output)
        self.source = source
        self.python = python
        self.output = output

    def saying(self, output: str) -> BuildFailed:
        """The same, with less of the output."""
        return BuildFailed(self.source, self.python, output)

    def __str__(self) -> str:
        return (
            f"Building {self.source} with {self.python} failed. Install what its build needs on the machine that "
            f"builds it, or bring a wheel (extra_wheels). Its last lines:\n{self.output}"
        )


class BuildOverdue(BuildFailed):
    """`seconds`: the limit. `output`: what was said until then."""

    def __init__(self, source: str, python: str, seconds: float, output: str) -> None:
        super().__init__(source, python, output)
        self.seconds = seconds

    def saying(self, output: str) -> BuildOverdue:
        return BuildOverdue(self.source, self.python, self.seconds, output)

    def __str__(self) -> str:
        said = f" Its last lines:\n{self.output}" if self.output else ""
        return (
            f"Building {self.source} with {self.python} had not ended after {self.seconds:g} s and was stopped, with "
            "all that it had started. Give it longer (build_timeout, uv_deploy_build_timeout), or bring a wheel "
            f"(extra_wheels).{said}"
        )


class BuildBarred(BuildFailed):
    """`output`: what is to be done so that the build gets what it needs, without a full stop."""

    def saying(self, output: str) -> BuildBarred:
        return self

    def __str__(self) -> str:
        return f"Building {self.source} with {self.python} lacks what it needs for it: {self.output}."


class BuildRefused(BuildFailed):
    """It tried what no build may do. `reason`: what that is, and the remedy, without a full stop."""

    def __init__(self, source: str, python: str, reason: str, output: str) -> None:
        super().__init__(source, python, output)
        self.reason = reason

    def saying(self, output: str) -> BuildRefused:
        return BuildRefused(self.source, self.python, self.reason, output)

    def __str__(self) -> str:
        return (
            f"Building {self.source} with {self.python} failed: {self.reason}, or bring a wheel (extra_wheels). "
            f"Its last lines:\n{self.output}"
        )


class BuiltWheelWrong(AirgapError):
    def __init__(self, source: str, wheel: str, reason: str) -> None:
        super().__init__(source, wheel, reason)
        self.source = source
        self.wheel = wheel
        self.reason = reason

    def __str__(self) -> str:
        return f"Building {self.source} gave {self.wheel}, which was not taken: {self.reason}."


class ShallowClone(AirgapError):
    def __init__(self, project: str) -> None:
        super().__init__(project)
        self.project = project

    def __str__(self) -> str:
        return (
            f"The version of {self.project} comes from its git history, and this clone is shallow, "
            "so the version would be wrong. Run `git fetch --unshallow --tags` there."
        )


class NotAWheelhouse(AirgapError):
    def __init__(self, path: str, found: list[str]) -> None:
        super().__init__(path, found)
        self.path = path
        self.found = found

    def __str__(self) -> str:
        shown = ", ".join(self.found[:5])
        return (
            f"{self.path} holds something else than a wheelhouse ({shown}); nothing was changed. "
            "Name an empty or a new folder."
        )


class WheelhouseBusy(AirgapError):
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(path, seconds)
        self.path = path
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"Another run has worked on {self.path} for {self.seconds:g} s. "
            "Wait for its end, or name another wheelhouse."
        )


class FolderUnusable(AirgapError):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be read or written: {self.reason}. "
            "Give this user the right to it, or name another folder."
        )


class FoldersOverlap(AirgapError):
    def __init__(self, wheelhouse: str, stage: str) -> None:
        super().__init__(wheelhouse, stage)
        self.wheelhouse = wheelhouse
        self.stage = stage

    def __str__(self) -> str:
        return (
            f"The wheelhouse {self.wheelhouse} and the staged project {self.stage} lie in one another, and the staged "
            "project's folder is replaced as a whole. Name two folders beside each other."
        )


class WheelhouseInside(AirgapError):
    def __init__(self, path: str, project: str) -> None:
        super().__init__(path, project)
        self.path = path
        self.project = project

    def __str__(self) -> str:
        return (
            f"{self.path} lies inside the project {self.project}, which is never written to. "
            "Name a folder outside it for the wheelhouse and for the staged project."
        )
