# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv, the program: found, asked for its version and run with nothing but what is given here."""

from __future__ import annotations

import dataclasses
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import controller, search
from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    CommandError,
    FileInvalid,
    HashMissing,
    InterpreterMissing,
    LockCheckImpossible,
    LockOutdated,
    UvMissing,
    UvRequiredVersion,
    UvTooOld,
)
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, specifiers, tomli, version
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, read_toml
from ansible_collections.airgap.uv.plugins.module_utils.named import refuse_odd
from ansible_collections.airgap.uv.plugins.module_utils.workshop import index_arguments, sentences

# The oldest uv whose `uv export --format pylock.toml` is what is read here.
MINIMUM = "0.9.0"

# How uv spells a marker that nothing fulfils.
_NEVER = 'python_full_version < "0"'


@dataclass(frozen=True)
class Groups:
    """Which part of a lock is wanted, in uv's own words (`uv export --help`)."""

    extras: tuple[str, ...] = ()
    all_extras: bool = False
    groups: tuple[str, ...] = ()
    all_groups: bool = False
    no_dev: bool = True
    no_default_groups: bool = False
    only_groups: tuple[str, ...] = ()
    package: str | None = None
    all_packages: bool = False
    no_install_project: bool = False
    no_install_workspace: bool = False
    no_install_local: bool = False
    no_install_package: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Groups:
        """Take the options of these names from a module's parameters."""
        known = cls.__dataclass_fields__
        given = {key: value for key, value in raw.items() if key in known and value is not None}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        return cls(**values)

    def arguments(self) -> list[str]:
        found = []
        for flag, names in (
            ("--extra", self.extras),
            ("--group", self.groups),
            ("--only-group", self.only_groups),
            ("--no-emit-package", self.no_install_package),
            ("--package", (self.package,) if self.package else ()),
        ):
            for name in names:
                found += [flag, name]
        for flag, wanted in (
            ("--all-extras", self.all_extras),
            ("--all-groups", self.all_groups),
            ("--no-dev", self.no_dev and "dev" not in (*self.groups, *self.only_groups)),
            ("--no-default-groups", self.no_default_groups),
            ("--all-packages", self.all_packages),
            ("--no-emit-project", self.no_install_project),
            ("--no-emit-workspace", self.no_install_workspace),
            ("--no-emit-local", self.no_install_local),
        ):
            if wanted:
                found.append(flag)
        return found


@dataclass(frozen=True)
class Uv:
    """One uv executable. `cache` is its cache folder, or None for none that outlives a command."""

    path: str
    version: version.Version
    run: Runner
    environ: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None

    @classmethod
    def find(cls, executable: str | None, run: Runner, environ: Mapping[str, str]) -> Uv:
        """The uv that is named, else the one installed with this Python, else the one on PATH."""
        beside = Path(sys.executable).parent / "uv"
        path = executable or (str(beside) if beside.is_file() else shutil.which("uv"))
        if not path or not (shutil.which(path)):
            raise UvMissing(executable, sys.executable)
        rc, out, err = run([path, "--version"], "/", environ)
        match = re.match(r"uv (\S+)", out)
        if rc or not match:
            raise CommandError("uv does not tell its version", [path, "--version"], rc, out + err)
        found = version.Version(match[1])
        if found < version.Version(MINIMUM):
            raise UvTooOld(path, str(found), MINIMUM)
        return cls(path, found, run, environ)

    def with_cache(self, cache: Path | None) -> Uv:
        return replace(self, cache=cache)

    def argv(self, *words: str) -> list[str]:
        cache = ["--cache-dir", str(self.cache)] if self.cache else ["--no-cache"]
        common = ["--no-progress", "--color", "never", "--no-python-downloads", *cache]
        return [self.path, *words, *common]

    def refuse_required_version(self, lock: Lockfile) -> None:
        """A project may demand a uv (`required-version`); uv is run without its settings, so ask here."""
        settings = lock.folder / "uv.toml"
        table = read_toml(settings) if settings.is_file() else lock.pyproject.uv
        required = table.get("required-version")
        if not isinstance(required, str):
            return
        text = required if re.match(r"\s*[<>=!~]", required) else f"=={required}"
        if not specifiers.SpecifierSet(text).contains(self.version, prereleases=True):
            raise UvRequiredVersion(self.path, str(self.version), required, str(lock.folder))

    def check_lock(
        self, folder: Path, requires_python: specifiers.SpecifierSet, confined: Callable[[], Uv] | None = None
    ) -> None:
        """`uv lock --check`, with the project's settings and neither the user's nor the system's.

        uv runs code of sources that tell their metadata in no other way; `confined` gives the uv for that.
        An empty `uv/uv.toml` found first under XDG_CONFIG_DIRS keeps uv from reading the system's;
        `--no-config` would also hide the project's own `[tool.uv]`, which decides what the lock holds.
        """
        try:
            # Named, because uv ends at a .python-version whose interpreter is not here.
            python = controller.find_python(None, str(requires_python), self.run).path
        except search.PythonMissing as error:
            raise LockCheckImpossible(str(folder / "uv.lock"), str(error)) from error
        with tempfile.TemporaryDirectory(prefix="airgap-uv-") as config:
            (Path(config) / "uv").mkdir()
            (Path(config) / "uv" / "uv.toml").touch()
            uv = confined() if confined else self
            environ = {**uv.environ, "XDG_CONFIG_HOME": config, "XDG_CONFIG_DIRS": config}
            argv = uv.argv("lock", "--check", "--python", python, "--project", str(folder))
            rc, out, err = uv.run(argv, str(folder), environ)
        if rc == 0:
            return
        if "needs to be updated" in err or "outdated" in err:
            raise LockOutdated(str(folder / "uv.lock"))
        raise LockCheckImpossible(str(folder / "uv.lock"), sentences(out + err))

    def export(self, lock: Lockfile, groups: Groups) -> pylock.Pylock:
        """The lock as PEP 751 has it, with uv's own decision on extras, groups, forks and conflicts."""
        argv = self.argv(
            "export", "--frozen", "--offline", "--no-config", "--quiet", "--no-header", "--no-editable",
            "--format", "pylock.toml", "--project", str(lock.folder), *groups.arguments(),
        )  # fmt: skip
        rc, out, err = self.run(argv, str(lock.folder), self.environ)
        if rc and lock.unhashed:
            raise HashMissing(str(lock.path), list(lock.unhashed))
        if rc:
            raise CommandError("The lock cannot be exported", argv, rc, err)
        found = parse_pylock(out, f"uv export of {lock.path}")
        # Older versions of uv write out what no environment takes.
        wanted = [package for package in found.packages if str(package.marker) != _NEVER]
        # Before 0.13 uv leaves the environments out.
        return dataclasses.replace(found, packages=wanted, environments=lock.supported or found.environments)

    def interpreter(self, request: str) -> Interpreter:
        """An interpreter for a version such as `3.11` or `3.13t`; never downloads one.

        `uv python find` ends at the first that does not run, such as a version manager's shim for a
        version that is not active, so the search is the one that hosts are asked with.
        """
        try:
            return controller.find_python(request, None, self.run)
        except search.PythonMissing as error:
            raise InterpreterMissing(request, list(error.rejected)) from error

    def compile(self, requirement: str, index: str | None, cwd: Path, python: str = "") -> str:
        """`requirement`, or several in lines, resolved for all platforms, without what it depends on.

        As pylock.toml text, for `python` and later; without it, for the one that runs this.
        """
        (cwd / "requirements.in").write_text(f"{requirement}\n", encoding="utf-8")
        argv = self.argv(
            "pip", "compile", "requirements.in", "--no-config", "--no-deps", "--universal", "--quiet",
            "--format", "pylock.toml", *index_arguments(index), *(["--python-version", python] if python else []),
        )  # fmt: skip
        rc, out, err = self.run(argv, str(cwd), self.environ)
        if rc:
            raise CommandError(f"{', '.join(requirement.splitlines())} cannot be had from the index", argv, rc, err)
        return out

    def hashes(self, requirements: Sequence[str], index: str | None, cwd: Path, python: str) -> str:
        """These exact requirements with the hashes of all their files, as requirements.txt text."""
        (cwd / "requirements.in").write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
        argv = self.argv(
            "pip", "compile", "requirements.in", "--no-config", "--no-deps", "--quiet", "--no-header", "--no-annotate",
            "--generate-hashes", "--python-version", python, *index_arguments(index),
        )  # fmt: skip
        rc, out, err = self.run(argv, str(cwd), self.environ)
        if rc:
            raise CommandError(f"The hashes of {', '.join(requirements)} cannot be had from the index", argv, rc, err)
        return out


def parse_pylock(text: str, where: str) -> pylock.Pylock:
    """Read PEP 751 text; a value that is not valid is named with its place."""
    try:
        found = pylock.Pylock.from_dict(tomli.loads(text))
    except (tomli.TOMLDecodeError, pylock.PylockValidationError) as error:
        raise FileInvalid(where, str(error)) from error
    refuse_odd(found, where)
    return found
