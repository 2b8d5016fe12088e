# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`uv sync` on a host: done, or told beforehand, with what it changes.

What a real run changed is read from site-packages, not from what uv says. What it would change is
read from uv's list of packages, which is worded the same since 0.5.0.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ansible_collections.airgap.uv.plugins.module_utils.scratch import Scratch, scratch, scratch_path
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import (
    CheckImpossible,
    LockOutdated,
    OptionsUnknown,
    ProjectIncomplete,
    UvTooOld,
)
from ansible_collections.airgap.uv.plugins.module_utils.sync_failure import diagnose
from ansible_collections.airgap.uv.plugins.module_utils.sync_options import Options
from ansible_collections.airgap.uv.plugins.module_utils.venv import (
    Change,
    Venv,
    apply,
    close_lock,
    compare,
    normalize,
    untouched,
)

# The oldest that has what is used here; tried with 0.5.0, 0.8.0, 0.10.0, 0.12.0 and 0.13.8.
MINIMUM = (0, 5, 0)

_PLAIN = ("--color", "never", "--no-progress")
_LISTED = re.compile(r"^ ([-+~]) ([A-Za-z0-9][\w.-]*)(?:==([^\s(]+)(?: \(.*\))?| @ .+)$", re.MULTILINE)
_ANEW = re.compile(r"^Would (create|replace)\b.* (?:project|virtual) environment\b", re.MULTILINE)
_LOCK = re.compile(r"^Would (?:create|update) lockfile\b", re.MULTILINE)


class Runner(Protocol):
    """Runs a command and gives its return code, standard output and standard error."""

    def __call__(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]: ...


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of an environment.

    `environment` is `kept`, `created` or `recreated`; `before` is the environment as it was.
    """

    before: Venv
    environment: str
    python: str | None
    changes: tuple[Change, ...]
    lock_changed: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.changes) or self.lock_changed or self.environment != "kept"

    @property
    def diff(self) -> dict[str, str]:
        """The environment's Python and packages, a line each."""
        had = {name: installed.version for name, installed in self.before.distributions.items()}
        has = apply(had if self.environment == "kept" else {}, self.changes)
        path = str(self.before.path)
        return {
            "before_header": path,
            "after_header": path,
            "before": _listing(self.before.version, had) if self.before.exists else "",
            "after": _listing(self.python, has),
        }


def _listing(python: str | None, versions: Mapping[str, str]) -> str:
    lines = [f"Python {python or 'unknown'}", *(f"{name}=={versions[name]}" for name in sorted(versions))]
    return "".join(line + "\n" for line in lines)


@dataclass(frozen=True)
class Sync:
    """A project to be installed with one uv. `environ` is what the task gives."""

    options: Options
    uv: str
    uv_version: str
    run: Runner
    environ: Mapping[str, str]

    def install(self) -> Outcome:
        """Install. Where that fails, an environment that would have been replaced is there again."""
        known = self._check_uv()
        lock = _content(self.options.project / "uv.lock")
        with scratch(self.options.venv) as held:
            before = Venv.read(self.options.venv)
            if self._replaces(before, known, held):
                held.set_aside()
            try:
                self._uv(self.options.sync(held.interrupted), held.path if self.options.no_cache else None)
            except Exception:
                _leave_nothing_half(before, held)
                raise
            close_lock(self.options.venv)
            after = Venv.read(self.options.venv)
        environment = _environment(before, after)
        return Outcome(
            before,
            environment,
            after.version,
            compare(before.distributions if environment == "kept" else {}, after.distributions),
            lock != _content(self.options.project / "uv.lock"),
        )

    def preview(self, temporary: Path) -> Outcome:
        """Tell what `install` would do. Writes to `temporary` alone."""
        known = self._check_uv()
        interrupted = scratch_path(self.options.venv).is_dir()
        return self._preview(Venv.read(self.options.venv), known, interrupted, temporary)

    def _replaces(self, before: Venv, known: str, held: Scratch) -> bool:
        """Whether uv would delete the environment. Asked only where it may, since asking takes time."""
        if not before.exists or before.path.is_symlink() or before.suits(self.options.python):
            return False
        return self._preview(before, known, held.interrupted, held.path).environment == "recreated"

    def _preview(self, before: Venv, known: str, interrupted: bool, temporary: Path) -> Outcome:
        with untouched(self.options.venv):
            if "--dry-run" in known:
                said = self._uv([*self.options.sync(interrupted), "--dry-run"], temporary, keep_cache=False)
            else:
                said = self._preview_of_old(before, interrupted, temporary)
        anew = _ANEW.search(said)
        environment = "created"
        if before.exists:
            environment = "recreated" if anew else "kept"
        return Outcome(
            before,
            environment,
            before.version if environment == "kept" else _python(said),
            announced(said, _text(self.options.project / "uv.lock")),
            bool(_LOCK.search(said)),
        )

    def _preview_of_old(self, before: Venv, interrupted: bool, temporary: Path) -> str:
        """`uv sync --dry-run` as an uv without it can tell: `uv export` into `uv pip sync --dry-run`."""
        options = self.options
        if not options.lock:
            self._check_lock(temporary)
        requirements = temporary / "requirements.txt"
        argv = [*options.export(), "--output-file", str(requirements)]
        said = self._uv(argv, temporary, keep_cache=False)
        if "--locked" not in options.lock:  # then only `uv tree` looks for an interpreter
            said = self._uv(options.tree(), temporary, keep_cache=False)
        # uv names the interpreter only where it cannot stay with the environment's own.
        python = re.search(r"^Using .* interpreter at: (.+)$", said, re.MULTILINE)
        anew = python is not None or not before.exists
        command = ["install", "--no-deps", "-r"] if options.inexact and not anew else ["sync"]
        where = [python[1] if python else str(options.venv / "bin" / "python")]
        if anew:  # an empty folder stands for the new environment
            where += ["--target", str(temporary / "site-packages")]
        again = ["--reinstall"] if interrupted else []
        empty = ["--allow-empty-requirements"] if command == ["sync"] else []
        argv = ["pip", *command, str(requirements), *empty, "--dry-run", *again, *options.sources, *options.nested()]
        listed = self._uv([*argv, "--python", *where], temporary, keep_cache=False)
        return said + ("Would create virtual environment\n" if anew else "") + listed

    def _check_lock(self, temporary: Path) -> None:
        try:
            self._uv(self.options.check_lock(), temporary, keep_cache=False)
        except (LockOutdated, ProjectIncomplete):
            raise CheckImpossible(self.uv_version, str(self.options.project)) from None

    def _check_uv(self) -> str:
        """Return what `uv sync --help` says; refuse an uv that is too old for what is asked."""
        if _release(self.uv_version) < MINIMUM:
            raise UvTooOld(self.uv, self.uv_version, ".".join(map(str, MINIMUM)))
        environ = self.options.environment(self.environ, None)
        _rc, known, _err = self.run([self.uv, "sync", "--help", *_PLAIN], str(self.options.project), environ)
        unknown = [option for flag, option in self.options.later.items() if flag not in known]
        if unknown:
            raise OptionsUnknown(self.uv_version, unknown)
        return known

    def _uv(self, argv: list[str], temporary: Path | None, keep_cache: bool = True) -> str:
        """Run uv in the project's folder; return what it said, or raise what that means."""
        options = self.options
        cache = options.cache if keep_cache else ("--no-cache",)
        command = [self.uv, *argv, *cache, *_PLAIN]
        rc, out, err = self.run(command, str(options.project), options.environment(self.environ, temporary))
        said = out + err
        if rc != 0:
            raise diagnose(options, command, rc, said)
        return said


def _leave_nothing_half(before: Venv, held: Scratch) -> None:
    """After a failure, remove an environment that this run made; mark one that it changed."""
    if held.put_back():
        held.keep = held.interrupted
        return
    after = Venv.read(before.path)
    if after.exists and after.stamp != before.stamp and not before.path.is_symlink():
        shutil.rmtree(before.path)
    else:
        held.keep = held.interrupted or not after.same_as(before)


def _environment(before: Venv, after: Venv) -> str:
    if not before.exists:
        return "created"
    return "kept" if before.stamp == after.stamp else "recreated"


def announced(said: str, lock: str) -> tuple[Change, ...]:
    """Read uv's list: ` - name==1`, ` + name==2`, ` ~ name==2 (from …)` or ` + name @ file:///…` a line.

    The last one, for a local package, has no version; `lock` has it.
    """
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    for sign, name, listed in _LISTED.findall(said):
        version = listed or _locked_version(normalize(name), lock)
        for signs, found in (("-~", old), ("+~", new)):
            if sign in signs:
                found[normalize(name)] = version
    return tuple(_announcement(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()))


def _locked_version(name: str, lock: str) -> str:
    found = re.search(rf'^name = "{re.escape(name)}"\nversion = "([^"]+)"', lock, re.MULTILINE)
    return found[1] if found else "unknown"


def _announcement(name: str, old: str | None, new: str | None) -> Change:
    if new is None:
        return Change(name, old or "", "remove")
    if old is None or old != new:
        return Change(name, new, "install", old)
    return Change(name, new, "reinstall")


def _python(said: str) -> str | None:
    found = re.search(r"^Using \S+ (\d\S*)", said, re.MULTILINE)
    return found[1] if found else None


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _text(path: Path) -> str:
    return (_content(path) or b"").decode(errors="replace")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
