# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One collect, stage by stage as the design draws it; `uv_wheelhouse` calls each method once, in order."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import controller, options
from ansible_collections.airgap.uv.plugins.module_utils.build import Builder, LocalPackage, pure
from ansible_collections.airgap.uv.plugins.module_utils.collect import (
    Plan,
    Taken,
    Work,
    joined,
    take_built,
)
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    DiskFull,
    FolderUnusable,
)
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Fetcher, Http
from ansible_collections.airgap.uv.plugins.module_utils.index import by_place, named
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, Member
from ansible_collections.airgap.uv.plugins.module_utils.progress import Clock, Progress, difference, reporter
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, Preferences, is_named, select
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.stage import StagedProject, pins, refuse_foreign
from ansible_collections.airgap.uv.plugins.module_utils.target import Python, Target, refuse_other_machines
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns
from ansible_collections.airgap.uv.plugins.module_utils.uv import (
    BuildSettings,
    Groups,
    Uv,
    parse_pylock,
)
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse, write_text

# Another run may build for a while; after this it is more likely stuck.
_LONGEST_WAIT = 600.0

_SAME = "same"


@dataclass
class Session:
    """What a collect was asked for, and what it knows so far."""

    params: Mapping[str, Any]
    uv: Uv
    lock: Lockfile
    wheelhouse: Wheelhouse
    targets: list[Target]
    groups: Groups
    preferences: Preferences
    sources: Sources
    progress: Progress
    check_mode: bool
    diff_mode: bool
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)
    temporary: Path | None = None
    removed: list[str] = field(default_factory=list)
    changed: bool = False
    staged: dict[str, Any] | None = None
    before: list[str] = field(default_factory=list)
    files: tuple[list[str], list[str]] = ([], [])  # of the staged project, those that differ

    @classmethod
    def begin(
        cls,
        params: Mapping[str, Any],
        run_command: Callable[..., tuple[int, str, str]],
        progress: Progress,
        check_mode: bool,
        diff_mode: bool = False,
    ) -> Session:
        """Read everything that can be refused before anything is touched."""
        clock = Clock()
        params = {**params, **options.absolute(params)}
        controller.use_only_this_environment(params.get("ca_bundle"))

        def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
            rc, out, err = run_command(argv, cwd=cwd, environ_update=dict(env))
            if rc and ("os error 28" in err or "No space left on device" in err):
                raise DiskFull(params["wheelhouse"], f"what {Path(argv[0]).name} writes", None)
            return rc, out, err

        uv = Uv.find(params.get("uv_executable"), run, {})
        lock = Lockfile.read(options.lock_path(params))
        uv.refuse_required_version(lock)
        options.refuse_stranger(params.get("package"), lock)
        wheelhouse = Wheelhouse.read(Path(params["wheelhouse"]).resolve())
        options.refuse_inside(wheelhouse.path, lock.folder)
        options.refuse_unwritable(wheelhouse.path)
        options.refuse_unusable(params)
        if params.get("stage"):
            stage = Path(params["stage"]["path"]).resolve()
            options.refuse_inside(stage, lock.folder)
            options.refuse_overlap(wheelhouse.path, stage)
            options.refuse_unwritable(stage)
            refuse_foreign(stage)
        given = params.get("targets") or [controller.own_target(lock.folder, str(lock.requires_python), run)]
        targets = [Target.parse(raw) for raw in given]
        refuse_other_machines(targets, platform.machine())
        uv = uv if check_mode else uv.with_cache(wheelhouse.cache / "uv")
        return cls(
            params=params,
            uv=uv,
            lock=lock,
            wheelhouse=wheelhouse,
            targets=list(dict.fromkeys(targets)),
            groups=Groups.parse(params),
            preferences=Preferences.parse(params),
            sources=Sources(lock, Patterns.parse(params.get("stage") or {}), uv, progress),
            progress=progress,
            check_mode=check_mode,
            diff_mode=diff_mode,
            clock=clock,
        )

    @contextlib.contextmanager
    def holding_the_wheelhouse(self) -> Iterator[None]:
        """Keep other runs out while this one works; in check mode nothing is touched, a lock neither."""
        self.before = [wheel.path for wheel in self.wheelhouse.wheels]
        if self.check_mode:
            yield
            return
        with _disk_of(self.wheelhouse.path), self.wheelhouse.locked(_LONGEST_WAIT, self._waiting):
            # Another run may have added wheels while this one waited.
            self.wheelhouse = Wheelhouse.read(self.wheelhouse.path)
            self.before = [wheel.path for wheel in self.wheelhouse.wheels]
            with self.wheelhouse.temporary() as self.temporary:
                yield

    def _waiting(self) -> None:
        self.progress.say(f"waits for another run to finish with {self.wheelhouse.path}")

    def check_lock(self) -> None:
        """Refuse a lock that is out of date, unless it is to be taken as it is."""
        if self.params["frozen"]:
            return
        if not self.sources.dynamic:
            self.uv.check_lock(self.lock.folder, self.lock.requires_python)
            return
        # uv runs a build backend for dynamic metadata, and that may write into the folder.
        with self._scratch() as folder:
            self.uv.check_lock(self.sources.copy(folder / "copy"), self.lock.requires_python)

    def export(self) -> pylock.Pylock:
        return self.uv.export(self.lock, self.groups)

    def select(self, exported: pylock.Pylock) -> list[Choice]:
        return select(exported, self.targets, self.preferences)

    def plan(self, choices: Sequence[Choice]) -> Work:
        """What has to be fetched and built; hashes what is there already."""
        plan = Plan.make(choices, self.wheelhouse, self.sources.package)
        if self.params.get("uv"):
            plan = plan.joined_with(
                Plan.make(self._tool(str(self.params["uv"])), self.wheelhouse, self.sources.package, tool=True)
            )
        local = any(isinstance(build.source, LocalPackage) for build, _artifact in plan.builds)
        home = self._home() if local else None
        builder = Builder(self.uv, self._build_settings(), self.wheelhouse, controller.machine(), home=home)
        work = Work(plan, self.wheelhouse, builder, self.progress)
        work.look()
        take_built(work, self.params["built"], self.check_mode)
        return work

    def fetch(self, work: Work) -> None:
        if self.check_mode or self.temporary is None:
            return
        files = work.to_fetch(defer=self.params["build"] == "defer")
        report = reporter(self.progress, len(files), sum(artifact.size or 0 for artifact, _path in files))
        credentials = by_place(self.lock.pyproject.indexes, os.environ)
        transport = Http(self.params["timeout"], self.params.get("ca_bundle"), credentials)
        fetcher = Fetcher(transport, max(1, self.params["jobs"]), max(0, self.params["retries"]), report)
        work.fetch(files, fetcher, self.temporary)

    def build(self, work: Work) -> None:
        if self.check_mode or self.temporary is None or self.params["build"] == "defer":
            return
        work.build(self.temporary)
        self._warn_of_newer_glibc(work.taken)

    def record(self, work: Work, exported: pylock.Pylock) -> None:
        """Write down what the wheelhouse holds, and remove what this lock does not want, for any target."""
        wanted = [taken.wheel for taken in work.expected()]
        if self.params["prune"] and not work.unbuilt:
            ours = {build.source.sha256 for build, _artifact in work.plan.builds}
            ours |= {extra.sha256 for extra in self.preferences.extra_wheels}
            named = [
                wheel.path
                for wheel in self.wheelhouse.wheels
                if is_named(wheel, exported) or ours & {wheel.sha256, wheel.origin.get("sha256")}
            ]
            self.removed = self.wheelhouse.unwanted([*(wheel.path for wheel in wanted), *named])
        if self.check_mode:
            unbuilt = work.unbuilt if self.params["build"] == "here" else []
            ahead = work.missing or work.lacking or unbuilt or work.added or self.removed
            self.changed = bool(ahead) or self.wheelhouse.would_write(wanted)
            return
        self.wheelhouse.remove(self.removed)
        wrote = self.wheelhouse.write(wanted)
        self.changed = wrote or bool(work.added or self.removed)

    def stage(self, work: Work, exported: pylock.Pylock) -> None:
        """Write the staged project, or say what it would be."""
        wanted = self.params.get("stage")
        if not wanted:
            return
        path = Path(wanted["path"]).resolve()
        member = self._deployed()
        tree = self.sources.travelling(member)
        left_out = list(tree.left_out) if tree else []
        self.staged = {
            "path": wanted["path"],
            "release": None,
            "files": [],
            "left_out": left_out,
            "requires_python": str(self.lock.requires_python),
        }
        if work.unbuilt:
            self.changed = True
            return
        taken = joined(work.expected())
        name = member.name if member else "workspace"
        staged = StagedProject(
            name=name,
            version=self._version(member, taken),
            requires_python=str(self.lock.requires_python) or ">=3.9",
            find_links=wanted["find_links"],
            pins=pins(exported, taken, self.preferences, self.wheelhouse),
            tool=self.sources.pyproject(member).tool if member else {},
            tree=tree,
        )
        if self.diff_mode:
            self.files = staged.difference(path)
        with _disk_of(path):
            self.changed |= (not path.is_dir() or staged.differs(path)) if self.check_mode else staged.write(path)
        self.staged.update(release=staged.release, files=staged.listing)

    def result(self, work: Work) -> dict[str, Any]:
        """What the module returns."""
        if self.sources.read_without_git:
            self.warnings.append(
                "git is not on PATH, so files that it tracks although .gitignore names them were left out."
            )
        taken = joined(work.expected())
        after = set(self.before) | {item.wheel.path for item in taken}
        lines = [f"to build: {build.name} for Python {build.python}" for build, _artifact in work.unbuilt]
        found: dict[str, Any] = {
            "changed": self.changed,
            "wheels": [item.as_dict() for item in taken],
            "added": sorted({*work.added, *work.ahead()}),
            "removed": self.removed,
            "to_build": [build.describe() for build, _artifact in work.unbuilt],
            "stats": {**work.stats, "seconds": self.clock.seconds},
            "diff": difference(
                [*sorted(self.before), *self.files[0]],
                [*sorted(after - set(self.removed)), *lines, *self.files[1], *self._release()],
            ),
        }
        if self.staged:
            found["stage"] = self.staged
        return found

    # What the steps above are made of.

    def _release(self) -> list[str]:
        return [f"release {self.staged['release']}"] if self.staged and self.staged["release"] else []

    def _home(self) -> str | None:
        """The Python that local packages are built with; the same on every run of this machine."""
        try:
            found = controller.find_python(None, str(self.lock.requires_python), self.uv.run)
            return Python.parse(found.name).minor
        except AirgapError:
            return None

    def _deployed(self) -> Member | None:
        """The member that is deployed: the one named, or the one in the lock's folder."""
        return self.lock.member(self.groups.package) if self.groups.package else self.lock.root

    def _version(self, member: Member | None, taken: Sequence[Taken]) -> str:
        """The project's version; a dynamic one is known from its wheel."""
        if member is None:
            return "0"
        built = next((item.wheel.version for item in taken if item.wheel.name == member.name), None)
        return member.version or self.sources.pyproject(member).version or built or "0"

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="airgap-uv-", dir=self.temporary) as folder:
            yield Path(folder)

    def _build_settings(self) -> BuildSettings:
        constraints = self.params.get("build_constraints")
        index = self.params.get("build_index") or self.lock.default_index
        return BuildSettings(
            named(index, self.lock.pyproject.indexes) if index else None, Path(constraints) if constraints else None
        )

    def _tool(self, wanted: str) -> list[Choice]:
        """uv's own wheel for the targets. What the index said of it is kept, so a warm collect asks nobody."""
        version = str(self.uv.version) if wanted == _SAME else wanted
        kept = self.wheelhouse.cache / f"uv-{version}.pylock.toml"
        if kept.is_file():
            text = kept.read_text(encoding="utf-8")
        else:
            with self._scratch() as folder:
                text = self.uv.compile(f"uv=={version}", self._build_settings().index, folder)
            if not self.check_mode:
                write_text(kept, text)
        found = parse_pylock(text, f"what the index says of uv {version}")
        # It says the Python that asked; uv's wheel holds a program, which minds none.
        found = dataclasses.replace(found, requires_python=None)
        return select(found, self.targets, Preferences())

    def _warn_of_newer_glibc(self, taken: Sequence[Taken]) -> None:
        """A wheel that was compiled here may need this machine's glibc; the tag linux_* does not tell."""
        here = tuple(int(part) for part in (platform.libc_ver()[1] or "0.0").split(".")[:2])
        for item in taken:
            older = [target.label for target in item.targets if target.platform.glibc < here]
            if item.built and not pure(item.wheel.filename) and older:
                self.warnings.append(
                    f"{item.wheel.filename} was compiled here, with glibc {here[0]}.{here[1]}; "
                    f"it may not load on {', '.join(older)}."
                )


@contextlib.contextmanager
def _disk_of(path: Path) -> Iterator[None]:
    """Say what the system refuses in a folder that is written to."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(str(path), str(error.filename or "what belongs there"), None) from error
        raise FolderUnusable(str(error.filename or path), error.strerror or str(error)) from error
