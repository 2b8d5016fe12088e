# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One collect, stage by stage as the design draws it; `uv_wheelhouse` calls each method once, in order."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import controller, disk, obstacle, options
from ansible_collections.airgap.uv.plugins.module_utils.accounts import Accounts
from ansible_collections.airgap.uv.plugins.module_utils.build import Build
from ansible_collections.airgap.uv.plugins.module_utils.build_cache import BuildCache
from ansible_collections.airgap.uv.plugins.module_utils.build_settings import BuildSettings
from ansible_collections.airgap.uv.plugins.module_utils.builder import Builder
from ansible_collections.airgap.uv.plugins.module_utils.builders import Builders, Sent
from ansible_collections.airgap.uv.plugins.module_utils.collect import Work, take_built, take_unbuilt
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Means, Runner, confined, means
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.crew import Crew, cpus
from ansible_collections.airgap.uv.plugins.module_utils.dist import Dist, versioned
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    CommandError,
    CredentialsRefused,
    LockCheckImpossible,
    LockOutdated,
)
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact, Fetcher, Http
from ansible_collections.airgap.uv.plugins.module_utils.git import Git
from ansible_collections.airgap.uv.plugins.module_utils.judge import Judge
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.lock_builds import BuildLock, Relock, ahead, recorded
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.mirrored import Home, Mirrored, homes
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pins
from ansible_collections.airgap.uv.plugins.module_utils.plan import Plan, joined, untaken
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.progress import Clock, Progress, counted, difference, reporter
from ansible_collections.airgap.uv.plugins.module_utils.proof import Proof, Prover
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.represented import (
    Given,
    Refused,
    labelled,
    parse_some,
    represent,
)
from ansible_collections.airgap.uv.plugins.module_utils.requirements import Pinned, Requirements
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, Selection, select, with_large
from ansible_collections.airgap.uv.plugins.module_utils.ship import Shipping
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.stage import refuse_foreign
from ansible_collections.airgap.uv.plugins.module_utils.staging import Staging, written
from ansible_collections.airgap.uv.plugins.module_utils.standard import chosen
from ansible_collections.airgap.uv.plugins.module_utils.target import Python, Target
from ansible_collections.airgap.uv.plugins.module_utils.tool import tool_lock
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns
from ansible_collections.airgap.uv.plugins.module_utils.uv import Groups, Uv
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Workshop

# Another run may build for a while; after this it is more likely stuck.
_LONGEST_WAIT = 600.0

# Seconds. A history takes minutes; what takes longer is stuck.
_LONGEST_FETCH = 1800.0


@dataclass
class Session:
    """What a collect was asked for, and what it knows so far."""

    params: Mapping[str, Any]
    uv: Uv
    lock: Lockfile
    wheelhouse: Wheelhouse
    given: list[Given]
    targets: list[Target]
    groups: Groups
    preferences: Preferences
    settings: BuildSettings
    sources: Sources
    confine: Callable[[Limits], Runner]  # what builds are run by
    crew: Crew
    mirrors: Mirrors
    hosts: Mirrors  # those that the hosts have
    accounts: Accounts
    progress: Progress
    check_mode: bool
    diff_mode: bool
    clock: Clock = field(default_factory=Clock)
    shared: BuildCache = field(default_factory=BuildCache)  # what other projects of this controller built
    dist: Dist | None = None  # wheels of local packages that are not to be built
    pins: Pins = field(default_factory=Pins)  # of build requirements
    relock: Relock | None = None  # what is to pin them from now on
    kernel: Callable[[], Means] = lambda: Means(0, "")  # what builds are held with
    homes: dict[str, Home] = field(default_factory=dict)  # of the files that the locks name
    warnings: list[str] = field(default_factory=list)
    temporary: Path | None = None
    removed: list[str] = field(default_factory=list)
    changed: bool = False
    builders: Builders = field(default_factory=Builders)
    sent: list[Sent] = field(default_factory=list)  # what others are to build
    staged: dict[str, Any] | None = None
    before: list[str] = field(default_factory=list)
    files: tuple[list[str], list[str]] = ([], [])  # of the staged project, those that differ
    served: list[Target] = field(default_factory=list)  # the targets without an obstacle
    proofs: list[Proof] = field(default_factory=list)
    exported: pylock.Pylock | None = None
    shipping: Shipping = field(default_factory=Shipping)
    labels: list[tuple[Mapping[str, Any], str]] = field(default_factory=list)  # of what was given

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

        def plainly(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
            return run_command(argv, cwd=cwd, environ_update=dict(env))

        def minded(runner: Runner) -> Runner:
            def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
                rc, out, err = runner(argv, cwd, env)
                if rc:
                    disk.refuse_full(params["wheelhouse"], argv, err)
                return rc, out, err

            return run

        run = minded(plainly)

        uv = Uv.find(params.get("uv_executable"), run, {})
        lock = Lockfile.read(options.lock_path(params))
        uv.refuse_required_version(lock)
        settings = BuildSettings.read(lock, params["build_settings"])
        options.refuse_stranger(params.get("package"), lock)
        wheelhouse = Wheelhouse.read(Path(params["wheelhouse"]).resolve())
        for folder in lock.folders:
            options.refuse_inside(wheelhouse.path, folder)
        options.refuse_unwritable(wheelhouse.path)
        options.refuse_unusable(params)
        if params.get("stage"):
            stage = Path(params["stage"]["path"]).resolve()
            for folder in lock.folders:
                options.refuse_inside(stage, folder)
            options.refuse_overlap(wheelhouse.path, stage)
            options.refuse_unwritable(stage)
            refuse_foreign(stage)
        given = params.get("targets") or [controller.own_target(lock.folder, str(lock.requires_python), run)]
        pins = Pins.read_if_there(params.get("build_constraints"))
        asked = parse_some(given)
        if not params["partial"]:
            Target.parse_all(given)
        mirrors = Mirrors.parse(params.get("mirrors"))
        accounts = Accounts.parse(
            params.get("credentials") or [],
            lock.pyproject.indexes,
            os.environ,
            options.urls(params),
            lock.repositories,
        )
        # In the environment, never among the arguments, which every user of the machine may read.
        uv = dataclasses.replace(uv, environ=accounts.environ(options.build_index(params, lock, mirrors)))
        crew = Crew(cpus() if params["build_jobs"] is None else params["build_jobs"], run_command)
        git = _git(params, run_command, mirrors, accounts)
        uv = uv if check_mode else uv.with_cache(wheelhouse.cache / "uv")
        return cls(
            params=params,
            uv=uv,
            lock=lock,
            wheelhouse=wheelhouse,
            given=asked,
            targets=list(dict.fromkeys(each for _raw, each in asked if isinstance(each, Target))),
            groups=Groups.parse(params),
            preferences=settings.preferred(Preferences.parse(params).pinned_by(pins)),
            settings=settings,
            mirrors=mirrors,
            hosts=Mirrors.parse(params.get("ship_from"), "ship_from"),
            accounts=accounts,
            sources=Sources(lock, Patterns.parse(params.get("stage") or {}), uv, progress, git),
            progress=progress,
            check_mode=check_mode,
            diff_mode=diff_mode,
            clock=clock,
            shared=BuildCache.open(params.get("build_cache"), os.environ, lambda: crew.over),
            dist=Dist.read(Path(params["dist"]), lock) if params.get("dist") else None,
            crew=crew,
            confine=lambda limits: minded(confined(crew.run_command, limits)),
            kernel=lambda: means(crew.run_command),
            pins=pins,
            builders=Builders.parse(params["builders"]),
        )

    @contextlib.contextmanager
    def holding_the_wheelhouse(self) -> Iterator[None]:
        """Keep other runs out while this one works; in check mode nothing is touched, a lock neither."""
        self.before = [wheel.path for wheel in self.wheelhouse.wheels]
        if self.check_mode:
            yield
            return
        with disk.reported(self.wheelhouse.path), self.wheelhouse.locked(_LONGEST_WAIT, self._waiting):
            # Another run may have added wheels while this one waited.
            self.wheelhouse = Wheelhouse.read(self.wheelhouse.path)
            self.before = [wheel.path for wheel in self.wheelhouse.wheels]
            with self.wheelhouse.temporary() as self.temporary:
                yield

    def _waiting(self) -> None:
        self.progress.say(f"waits for another run to finish with {self.wheelhouse.path}")

    def check_lock(self) -> None:
        """Refuse a lock that is out of date, unless it is to be taken as it is."""
        if self.params["frozen"] or self.lock.standard:
            return
        try:
            # uv runs a build backend for dynamic metadata, and that may write into the folder.
            with self._scratch() if self.sources.dynamic else contextlib.nullcontext() as scratch:
                folder = self.sources.copy(scratch / "copy") if scratch else self.lock.folder
                self.uv.check_lock(folder, self.lock.requires_python)
        except LockOutdated as error:
            error.path = str(self.lock.path)  # that of the copy is gone when somebody reads it
            raise
        except LockCheckImpossible as error:
            raise LockCheckImpossible(
                str(self.lock.path), self.accounts.told_by_uv(error.output) or error.output
            ) from error

    def export(self) -> pylock.Pylock:
        standard = self.lock.standard
        exported = chosen(standard, self.groups) if standard else self.uv.export(self.lock, self.groups)
        exported = with_large(exported, self.lock.wants_large)
        self.homes.update(homes(exported))
        return exported

    def select(self, exported: pylock.Pylock) -> Selection:
        """What each target takes of the lock; hosts that are the same to the lock are one target."""
        mentioned = [*(package.marker for package in exported.packages), *(exported.environments or ())]
        self.exported = exported
        stands_for = represent(self.targets, [*mentioned, *self.lock.required])
        self.targets = list(dict.fromkeys(stands_for.values()))
        self.labels = labelled(self.given, stands_for)
        if not self.dist:
            return select(exported, self.targets, self.preferences, self.lock.required)
        self.preferences = self.dist.preferred(exported, self.preferences, self.sources)
        found = select(versioned(exported, self.preferences), self.targets, self.preferences, self.lock.required)
        self.warnings += self.dist.warnings(self.preferences, found.choices)
        return found

    def plan(self, selection: Selection) -> Work:
        """What has to be fetched and built; hashes what is there already, and tells whom it cannot serve."""
        here = controller.Machine.this()
        plan = Plan.make(selection.choices, self.wheelhouse, self.sources, here, builders=self.builders)
        home = functools.lru_cache(maxsize=1)(self._home)
        if self.exported and self.params.get("stage"):
            unasked = untaken(self.exported, selection.choices, self.preferences, self.sources, home)
            plan = plan.joined_with(Plan(builds=tuple(unasked)))
        if self.exported:
            self.shipping = self._shipping(self.exported, plan)
            self.warnings += self.shipping.warnings
            plan = self.shipping.applied(plan)
        obstacles = [*self._refused(), *selection.obstacles]
        if self.params.get("uv"):
            tool = self._tool(str(self.params["uv"]))
            plan = plan.joined_with(Plan.make(tool.choices, self.wheelhouse, self.sources, here, tool=True))
            obstacles += tool.obstacles
        builder = self._builder(str(here), home, selection.choices)
        plan = plan.declared(self.preferences)
        work = Work(plan, self.wheelhouse, builder, self.progress, obstacles=obstacles, anew=self.params["lock_builds"])
        work.look()
        take_built(work, self.params["built"], self.check_mode)
        take_unbuilt(work, self.params["unbuilt"])
        work.weigh_wheels()
        if self.params["build"] == "here":
            work.weigh_builds()
        self.warnings += self.settings.warnings(self.lock, sorted({build.name for build, _artifact in work.unbuilt}))
        self._leave_out(work)
        return work

    def fetch(self, work: Work) -> None:
        if self.check_mode or self.temporary is None:
            return
        transport = Mirrored(self.mirrors, self._http(), self.homes)
        files = [(transport.applied(file), path) for file, path in work.to_fetch()]
        report = reporter(self.progress, len(files), sum(artifact.size or 0 for artifact, _path in files))
        fetcher = Fetcher(transport, max(1, self.params["jobs"]), max(0, self.params["retries"]), report)
        work.fetch(files, fetcher, self.temporary, self.params["partial"], work.commits())
        if self.params["partial"]:
            self._leave_out(work)

    def lock_builds(self, work: Work) -> None:
        """Find out what the builds are made with, and pin that: they are made anew with the pins."""
        if self.check_mode or self.temporary is None or not self.params["lock_builds"]:
            return
        self.pins = Pins()
        ledger = recorded(work, self.temporary, self.crew)
        self.progress.say("asks for the hashes of what the builds were made with")
        machine = controller.target_of(self.uv.interpreter(sys.executable), self.uv.run)["platform"]
        lock = BuildLock(Path(self.params["build_constraints"]), self.uv, self._build_index(), machine)
        self.relock = lock.locked(ledger)
        self.pins = self.relock.pins
        self.preferences = self.preferences.pinned_by(self.pins)
        work.builder = dataclasses.replace(work.builder, pinned=self._requirements())

    def build(self, work: Work) -> None:
        if self.check_mode or self.temporary is None:
            return
        if self.params["build"] == "here":
            handed = work.hand_over(self.temporary)
            work.build(self.temporary, self.crew)
            work.take_back(handed)
            self.warnings += work.builder.shared.complaints
        self.sent = work.send(self.wheelhouse.cache / "sources", self.temporary, self._pinned_elsewhere)
        if self.params["build"] == "defer":
            return
        work.weigh_wheels()
        self.warnings += work.untold
        if self.relock and not work.failed:
            self.relock.write()
        elif self.relock:
            self.warnings.append(f"{self.relock.path} was not written, because a build failed under what it pins.")
        if self.pins and work.stats["built"] and self.kernel().warning:
            self.warnings.append(self.kernel().warning)
        self._leave_out(work)

    def record(self, work: Work) -> None:
        """Write down what the wheelhouse holds, and remove what this lock does not want, for any target."""
        if not self.served:
            return
        self.warnings += work.warnings()
        work.measure()
        wanted = [taken.wheel for taken in (*work.expected(), *work.spare) if taken.travels]
        if self.params["prune"] and not work.unbuilt:
            kept = work.kept(self.lock, self._local(), any_uv=not self.params.get("uv"))
            self.removed = self.wheelhouse.unwanted([*(wheel.path for wheel in wanted), *kept])
        if self.check_mode:
            unbuilt = work.unbuilt if self.params["build"] == "here" else []
            ahead = work.missing or work.lacking or unbuilt or work.added or self.removed
            self.changed = bool(ahead) or self.wheelhouse.would_write(wanted)
            return
        self.wheelhouse.remove(self.removed)
        wrote = self.wheelhouse.write(wanted)
        self.changed = wrote or bool(work.added or self.removed or (self.relock and self.relock.changed))

    def stage(self, work: Work, exported: pylock.Pylock) -> None:
        """Write the staged project, or say what it would be."""
        wanted = self.params.get("stage")
        if not wanted or not self.served:
            return
        package, wishes = self.groups.package, self.preferences
        staging = Staging(self.lock, package, self.sources, wishes, self.wheelhouse, self.shipping)
        if work.unbuilt:
            self.staged = staging.described(wanted["path"], None)
            self.changed = True
            return
        path = Path(wanted["path"]).resolve()
        project = staging.project(exported, joined([*work.expected(), *work.spare]), wanted["find_links"])
        if self.diff_mode:
            self.files = project.difference(path)
        self.changed |= written(project, path, self.check_mode)
        self.staged = staging.described(wanted["path"], project)

    def prove(self, work: Work) -> None:
        """Choose anew from the staged project, by other means, for each target."""
        if self.temporary is None or not self.staged or not self.staged["release"]:
            return
        self.progress.say(f"proves that the wheelhouse is complete for {counted(len(self.served), 'target')}")
        prover = Prover(Judge(self.uv), self.wheelhouse, Path(self.staged["path"]).resolve(), self.temporary)
        self.proofs = prover.prove(self.served, work.taken)

    def result(self, work: Work) -> dict[str, Any]:
        """What the module returns."""
        if self.sources.read_without_git:
            self.warnings.append(
                "git is not on PATH, so files that it tracks although .gitignore names them were left out."
            )
        foreign = sorted({f"{build.label} ({build.elsewhere})" for build, _artifact in work.unbuilt if build.elsewhere})
        if foreign and self.check_mode and self.params["build"] == "here":
            self.warnings.append(
                "Whether these can be built here, without compiled code, is tried in a real run alone: "
                f"{', '.join(foreign)}."
            )
        taken = joined(work.expected())
        after = set(self.before) | {item.wheel.path for item in taken if item.travels}
        lines = [f"to build: {build.name} for Python {build.python}" for build, _artifact in work.unbuilt]
        found: dict[str, Any] = {
            "changed": self.changed,
            "wheels": [item.as_dict() for item in taken],
            "added": sorted({*work.added, *work.ahead()}),
            "removed": self.removed,
            "to_build": [{**sent.as_dict(), "index": self._shown_index()} for sent in self._sent(work)],
            "targets": [{"target": dict(raw), "label": label} for raw, label in self.labels],
            "obstacles": obstacle.told(work.obstacles),
            "proofs": [proof.as_dict() for proof in self.proofs],
            "stats": {**work.stats, "seconds": self.clock.seconds},
            "diff": difference(
                [*sorted(self.before), *self.files[0]],
                [*sorted(after - set(self.removed)), *lines, *self.files[1], *self._release()],
            ),
        }
        if self.params.get("stage"):
            found["stage"] = self.staged
        if self.params["lock_builds"]:
            path, builds = str(self.params["build_constraints"]), [build for build, _artifact in work.unbuilt]
            found["build_constraints"] = self.relock.as_dict() if self.relock else ahead(path, builds)
        return found

    # What the steps above are made of.

    def _http(self) -> Http:
        return Http(self.params["timeout"], self.params.get("ca_bundle"), self.accounts)

    def _shipping(self, exported: pylock.Pylock, plan: Plan) -> Shipping:
        """What travels; where hosts have an index of their own, its pages tell where the files are."""
        hosts, wheels = self.hosts, self.wheelhouse.wheels
        found = Shipping.of(self.params["ship"], exported, plan, self.preferences, self.mirrors, hosts, wheels)
        if not hosts.mirrors:
            return found
        return found.placed(exported, Mirrored(hosts, self._http(), self.homes).place, max(1, self.params["jobs"]))

    def _sent(self, work: Work) -> list[Sent]:
        known = {sent.build: sent for sent in self.sent}
        return [known.get(build) or Sent.ahead(build, work.builder.recipes(build)) for build, _artifact in work.unbuilt]

    def _shown_index(self) -> str | None:
        """For builders; they have credentials of their own. A folder of this machine is none to them."""
        index = options.build_index(self.params, self.lock, self.mirrors)
        return without_credentials(index) if index and "://" in index else None

    def _release(self) -> list[str]:
        return [f"release {self.staged['release']}"] if self.staged and self.staged["release"] else []

    def _home(self) -> str | None:
        """The Python that local packages are built with; the same on every run of this machine."""
        try:
            found = controller.find_python(None, str(self.lock.requires_python), self.uv.run)
            return Python.parse(found.name).minor
        except AirgapError:
            return None

    def _local(self) -> set[str]:
        """The hashes of the sources of all local packages, also of those that are not asked for."""
        never = {wheel.name for wheel in self.preferences.extra_wheels if wheel.anywhere}
        packaged = [member for member in self.lock.members if member.packaged and member.name not in never]
        there = [member for member in packaged if self.sources.has(member.folder)]
        return {self.sources.package(member.name, member.folder).sha256 for member in there}

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="airgap-uv-", dir=self.temporary) as folder:
            yield Path(folder)

    def _build_index(self) -> str | None:
        index = options.build_index(self.params, self.lock, self.mirrors)
        return self.accounts.argument(index) if index else None

    def _workshop(self) -> Workshop:
        uv = self.uv
        return Workshop(uv.path, self.confine, self.params["build_timeout"], self._build_index(), uv.cache, uv.environ)

    def _builder(self, machine: str, home: Callable[[], str | None], choices: Sequence[Choice]) -> Builder:
        return Builder(
            self.uv,
            self._workshop(),
            self._recipes(choices),
            self.wheelhouse,
            machine,
            home=home,
            pinned=self._requirements(),
            barred=self.accounts.told_by_uv,
            # Not the mirror, which gives the same.
            index=without_credentials(self.params.get("build_index") or self.lock.default_index or ""),
            shared=self.shared,
            progress=self.progress,
        )

    def _recipes(self, choices: Sequence[Choice]) -> Callable[[Build], Recipe]:
        return lambda build: self.settings.recipe(build, self.pins.of(build.name) if self.pins else None, choices)

    def _requirements(self) -> Callable[[str, str, Path], Pinned | None]:
        """What gives a build the files of its pinned requirements, for a Python of this machine."""
        if not self.pins:
            return lambda package, python, temporary: None
        files = self._pinned_files()

        def pinned(package: str, python: str, temporary: Path) -> Pinned:
            found = controller.find_python(python, None, self.uv.run)
            return files.bring(package, Target.parse(controller.target_of(found, self.uv.run)), temporary)

        return pinned

    def _pinned_files(self) -> Requirements:
        cache = self.wheelhouse.cache / "requirements"
        return Requirements(self.pins, self.uv, self._build_index(), cache, self._bring, self._remember)

    def _pinned_elsewhere(self, build: Build, folder: Path) -> Pinned | None:
        """The files of a build's pinned requirements for the machine that makes it, in `folder`."""
        if not (self.pins and build.targets):
            return None
        target = Target.parse({"python": build.python, "platform": build.builder or build.targets[0].platform.name})
        return self._pinned_files().bring(build.name, target, folder)

    def _bring(self, files: list[tuple[Artifact, Path]]) -> None:
        self.progress.say(f"fetches {counted(len(files), 'pinned build requirement')}")
        http = Http(self.params["timeout"], self.params.get("ca_bundle"), self.accounts)
        transport = Mirrored(self.mirrors, http, self.homes)
        jobs, retries = max(1, self.params["jobs"]), max(0, self.params["retries"])
        fetcher = Fetcher(transport, jobs, retries, lambda done, received: None)
        folder = self.wheelhouse.cache / "tmp"
        fetcher.fetch([(transport.applied(file), path) for file, path in files], folder)

    def _remember(self, lock: pylock.Pylock) -> None:
        self.homes.update(homes(lock))

    def _leave_out(self, work: Work) -> None:
        """Go on for the targets that can be served, or for none when the others are not wanted without them.

        What builds tell first is waited for, so that one error has all obstacles.
        """
        out = {found.target for found in work.obstacles if isinstance(found.target, Target)}
        partial = self.params["partial"]
        out = out if partial else set(self.targets if work.obstacles else ())
        self.served = [target for target in self.targets if target not in out]
        work.leave_out(out)
        if not self.served:
            work.unbuilt = []
        tries = work.trials and not self.check_mode and self.params["build"] == "here"
        if not partial and not tries:
            obstacle.refuse(work.obstacles)

    def _refused(self) -> Iterator[Obstacle]:
        for (_raw, each), (_again, label) in zip(self.given, self.labels):
            if isinstance(each, Refused):
                yield Obstacle(Refused(label, each.reason), None, each.reason)

    def _tool(self, wanted: str) -> Selection:
        asked = self.params.get("build_index") or self.lock.default_index or ""
        mirrored = without_credentials(asked) if asked and self.mirrors.index(asked) else None
        try:
            lock = tool_lock(wanted, self.uv, self._build_index(), self.wheelhouse.cache, not self.check_mode, mirrored)
        except CommandError as error:
            todo = self.accounts.told_by_uv(error.output)
            if todo:
                raise CredentialsRefused({todo: [f"uv {wanted}"]}) from error
            raise
        self.homes.update(homes(lock))
        return select(lock, self.targets, Preferences(wheels_only=True))


def _git(
    params: Mapping[str, Any], run_command: Callable[..., tuple[int, str, str]], mirrors: Mirrors, accounts: Accounts
) -> Git:
    """git with time limits, which end all that it started."""

    def place(url: str) -> str:
        found = mirrors.index(url)
        return found.as_uri() if isinstance(found, Path) else found or url

    def within(seconds: float) -> Runner:
        def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
            own = functools.partial(run_command, cwd=cwd, environ_update=dict(env))
            rc, out, err = watched(own, seconds)(argv)
            if rc:
                disk.refuse_full(params["wheelhouse"], argv, err)
            return rc, out, err

        return run

    timeout = float(params["timeout"])
    return Git(
        within(2 * timeout + 5),
        within(_LONGEST_FETCH),
        timeout=timeout,
        ca_bundle=params.get("ca_bundle"),
        place=place,
        auth=accounts.git_auth,
        refusal=accounts.git_sentence,
    )
