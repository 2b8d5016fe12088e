# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One collect, stage by stage as the design draws it; `uv_wheelhouse` calls each method once, in order."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils import controller, disk, obstacle
from ansible_collections.airgap.uv.plugins.module_utils.builders import Sent
from ansible_collections.airgap.uv.plugins.module_utils.collect import Work, take_built, take_unbuilt
from ansible_collections.airgap.uv.plugins.module_utils.confine import Overdue
from ansible_collections.airgap.uv.plugins.module_utils.dist import versioned
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    LockCheckImpossible,
    LockOutdated,
)
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Fetcher
from ansible_collections.airgap.uv.plugins.module_utils.judge import Judge
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.lock_builds import BuildLock, Relock, ahead, recorded
from ansible_collections.airgap.uv.plugins.module_utils.mirrored import Mirrored, homes
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pins
from ansible_collections.airgap.uv.plugins.module_utils.plan import Plan, joined, untaken
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.progress import Clock, counted, difference, reporter
from ansible_collections.airgap.uv.plugins.module_utils.proof import Proof, Prover
from ansible_collections.airgap.uv.plugins.module_utils.represented import (
    Refused,
    labelled,
    represent,
)
from ansible_collections.airgap.uv.plugins.module_utils.request import Request
from ansible_collections.airgap.uv.plugins.module_utils.selection import Selection, select, with_large
from ansible_collections.airgap.uv.plugins.module_utils.ship import Shipping
from ansible_collections.airgap.uv.plugins.module_utils.staging import Staging, written
from ansible_collections.airgap.uv.plugins.module_utils.standard import chosen
from ansible_collections.airgap.uv.plugins.module_utils.supplies import Supplies
from ansible_collections.airgap.uv.plugins.module_utils.target import Python, Target
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse

# Another run may build for a while; after this it is more likely stuck.
_LONGEST_WAIT = 600.0


@dataclass
class Session:
    """What a collect was asked for, and what it knows so far."""

    request: Request
    wheelhouse: Wheelhouse
    targets: list[Target]
    preferences: Preferences
    supplies: Supplies
    clock: Clock = field(default_factory=Clock)
    relock: Relock | None = None  # what is to pin build requirements from now on
    warnings: list[str] = field(default_factory=list)
    temporary: Path | None = None
    removed: list[str] = field(default_factory=list)
    changed: bool = False
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
    def begin(cls, request: Request, clock: Clock) -> Session:
        targets = list(dict.fromkeys(each for _raw, each in request.given if isinstance(each, Target)))
        supplies = Supplies(request, request.wheelhouse, request.pins, {})
        return cls(request, request.wheelhouse, targets, request.preferences, supplies, clock)

    @property
    def params(self) -> Mapping[str, Any]:
        return self.request.params

    @contextlib.contextmanager
    def holding_the_wheelhouse(self) -> Iterator[None]:
        """Keep other runs out while this one works; in check mode nothing is touched, a lock neither."""
        self.before = [wheel.path for wheel in self.wheelhouse.wheels]
        if self.request.check_mode:
            yield
            return
        with disk.reported(self.wheelhouse.path), self.wheelhouse.locked(_LONGEST_WAIT, self._waiting):
            # Another run may have added wheels while this one waited.
            self.wheelhouse = Wheelhouse.read(self.wheelhouse.path)
            self.supplies.wheelhouse = self.wheelhouse
            self.before = [wheel.path for wheel in self.wheelhouse.wheels]
            with self.wheelhouse.temporary() as self.temporary:
                yield

    def _waiting(self) -> None:
        self.request.progress.say(f"waits for another run to finish with {self.wheelhouse.path}")

    def check_lock(self) -> None:
        """Refuse a lock that is out of date, unless it is to be taken as it is."""
        if self.params["frozen"] or self.request.lock.standard:
            return
        try:
            # uv runs a build backend for dynamic metadata, and that may write into the folder.
            with self._scratch() as scratch:
                dynamic = self.request.sources.dynamic
                folder = self.request.sources.copy(scratch / "copy") if dynamic else self.request.lock.folder
                confined = functools.partial(self.request.confined_uv, scratch)
                self.request.uv.check_lock(folder, self.request.lock.requires_python, confined)
        except Overdue as error:
            raise LockCheckImpossible(
                str(self.request.lock.path), f"it took longer than {error.seconds:g} seconds (build_timeout)"
            ) from error
        except LockOutdated as error:
            error.path = str(self.request.lock.path)  # that of the copy is gone when somebody reads it
            raise
        except LockCheckImpossible as error:
            raise LockCheckImpossible(
                str(self.request.lock.path), self.request.accounts.told_by_uv(error.output) or error.output
            ) from error

    def export(self) -> pylock.Pylock:
        standard = self.request.lock.standard
        groups, lock = self.request.groups, self.request.lock
        exported = chosen(standard, groups) if standard else self.request.uv.export(lock, groups)
        exported = with_large(exported, lock.wants_large)
        self.supplies.homes.update(homes(exported))
        return exported

    def select(self, exported: pylock.Pylock) -> Selection:
        """What each target takes of the lock; hosts that are the same to the lock are one target."""
        mentioned = [*(package.marker for package in exported.packages), *(exported.environments or ())]
        self.exported = exported
        stands_for = represent(self.targets, [*mentioned, *self.request.lock.required])
        self.targets = list(dict.fromkeys(stands_for.values()))
        self.labels = labelled(self.request.given, stands_for)
        dist, required = self.request.dist, self.request.lock.required
        if not dist:
            return select(exported, self.targets, self.preferences, required)
        self.preferences = dist.preferred(exported, self.preferences, self.request.sources)
        found = select(versioned(exported, self.preferences), self.targets, self.preferences, required)
        self.warnings += dist.warnings(self.preferences, found.choices)
        return found

    def plan(self, selection: Selection) -> Work:
        """What has to be fetched and built; hashes what is there already, and tells whom it cannot serve."""
        here = controller.Machine.this()
        plan = Plan.make(selection.choices, self.wheelhouse, self.request.sources, here, builders=self.request.builders)
        home = functools.lru_cache(maxsize=1)(self._home)
        if self.exported and self.params.get("stage"):
            unasked = untaken(self.exported, selection.choices, self.preferences, self.request.sources, home)
            plan = plan.joined_with(Plan(builds=tuple(unasked)))
        if self.exported:
            self.shipping = self._shipping(self.exported, plan)
            self.warnings += self.shipping.warnings
            plan = self.shipping.applied(plan)
        obstacles = [*self._refused(), *selection.obstacles]
        if self.params.get("uv"):
            tool = self.supplies.tool(str(self.params["uv"]), self.targets)
            plan = plan.joined_with(Plan.make(tool.choices, self.wheelhouse, self.request.sources, here, tool=True))
            obstacles += tool.obstacles
        builder = self.supplies.builder(str(here), home, selection.choices)
        plan = plan.declared(self.preferences)
        work = Work(
            plan, self.wheelhouse, builder, self.request.progress, obstacles=obstacles, anew=self.params["lock_builds"]
        )
        work.look()
        take_built(work, self.params["built"], self.request.check_mode)
        take_unbuilt(work, self.params["unbuilt"])
        work.weigh_wheels()
        if self.params["build"] == "here":
            work.weigh_builds()
        self.warnings += self.request.settings.warnings(
            self.request.lock, sorted({build.name for build, _artifact in work.unbuilt})
        )
        self._leave_out(work)
        return work

    def fetch(self, work: Work) -> None:
        if self.request.check_mode or self.temporary is None:
            return
        transport = Mirrored(self.request.mirrors, self.supplies.http(), self.supplies.homes)
        files = [(transport.applied(file), path) for file, path in work.to_fetch()]
        report = reporter(self.request.progress, len(files), sum(artifact.size or 0 for artifact, _path in files))
        fetcher = Fetcher(transport, max(1, self.params["jobs"]), max(0, self.params["retries"]), report)
        work.fetch(files, fetcher, self.temporary, self.params["partial"], work.commits())
        if self.params["partial"]:
            self._leave_out(work)

    def lock_builds(self, work: Work) -> None:
        """Find out what the builds are made with, and pin that: they are made anew with the pins."""
        if self.request.check_mode or self.temporary is None or not self.params["lock_builds"]:
            return
        self.supplies.pins = Pins()
        ledger = recorded(work, self.temporary, self.request.crew)
        self.request.progress.say("asks for the hashes of what the builds were made with")
        machine = controller.target_of(self.request.uv.interpreter(sys.executable), self.request.uv.run)["platform"]
        lock = BuildLock(Path(self.params["build_constraints"]), self.request.uv, self.supplies.index(), machine)
        self.relock = lock.locked(ledger)
        self.supplies.pins = self.relock.pins
        self.preferences = self.preferences.pinned_by(self.supplies.pins)
        work.builder = dataclasses.replace(work.builder, pinned=self.supplies.requirements())

    def build(self, work: Work) -> None:
        if self.request.check_mode or self.temporary is None:
            return
        if self.params["build"] == "here":
            handed = work.hand_over(self.temporary)
            work.build(self.temporary, self.request.crew)
            work.take_back(handed)
            self.warnings += work.builder.shared.complaints
        self.sent = work.send(self.wheelhouse.cache / "sources", self.temporary, self.supplies.pinned_elsewhere)
        if self.params["build"] == "defer":
            if work.failed:
                self._leave_out(work)
            return
        work.weigh_wheels()
        self.warnings += work.untold
        if self.relock and not work.failed:
            self.relock.write()
        elif self.relock:
            self.warnings.append(f"{self.relock.path} was not written, because a build failed under what it pins.")
        if self.supplies.pins and work.stats["built"] and self.request.kernel().warning:
            self.warnings.append(self.request.kernel().warning)
        self._leave_out(work)

    def record(self, work: Work) -> None:
        """Write down what the wheelhouse holds, and remove what this lock does not want, for any target."""
        if not self.served:
            return
        self.warnings += work.warnings()
        work.measure()
        wanted = [taken.wheel for taken in (*work.expected(), *work.spare) if taken.travels]
        if self.params["prune"] and not work.unbuilt:
            kept = work.kept(self.request.lock, self._local(), any_uv=not self.params.get("uv"))
            self.removed = self.wheelhouse.unwanted([*(wheel.path for wheel in wanted), *kept])
        if self.request.check_mode:
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
        package, wishes = self.request.groups.package, self.preferences
        staging = Staging(self.request.lock, package, self.request.sources, wishes, self.wheelhouse, self.shipping)
        if work.unbuilt:
            self.staged = staging.described(wanted["path"], None)
            self.changed = True
            return
        path = Path(wanted["path"]).resolve()
        project = staging.project(exported, joined([*work.expected(), *work.spare]), wanted["find_links"])
        if self.request.diff_mode:
            self.files = project.difference(path)
        self.changed |= written(project, path, self.request.check_mode)
        self.staged = staging.described(wanted["path"], project)

    def prove(self, work: Work) -> None:
        """Choose anew from the staged project, by other means, for each target."""
        if self.temporary is None or not self.staged or not self.staged["release"]:
            return
        self.request.progress.say(f"proves that the wheelhouse is complete for {counted(len(self.served), 'target')}")
        prover = Prover(Judge(self.request.uv), self.wheelhouse, Path(self.staged["path"]).resolve(), self.temporary)
        self.proofs = prover.prove(self.served, work.taken)

    def result(self, work: Work) -> dict[str, Any]:
        """What the module returns."""
        if self.request.sources.read_without_git:
            self.warnings.append(
                "git is not on PATH, so files that it tracks although .gitignore names them were left out."
            )
        foreign = sorted({f"{build.label} ({build.elsewhere})" for build, _artifact in work.unbuilt if build.elsewhere})
        if foreign and self.request.check_mode and self.params["build"] == "here":
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
            "to_build": [{**sent.as_dict(), "index": self.supplies.shown_index()} for sent in self._sent(work)],
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

    def _shipping(self, exported: pylock.Pylock, plan: Plan) -> Shipping:
        """What travels; where hosts have an index of their own, its pages tell where the files are."""
        hosts, wheels = self.request.hosts, self.wheelhouse.wheels
        ship, mirrors = self.params["ship"], self.request.mirrors
        found = Shipping.of(ship, exported, plan, self.preferences, mirrors, hosts, wheels)
        if not hosts.mirrors:
            return found
        theirs = Mirrored(hosts, self.supplies.http(), self.supplies.homes)
        return found.placed(exported, theirs.place, max(1, self.params["jobs"]))

    def _sent(self, work: Work) -> list[Sent]:
        known = {sent.build: sent for sent in self.sent}
        return [known.get(build) or Sent.ahead(build, work.builder.recipes(build)) for build, _artifact in work.unbuilt]

    def _release(self) -> list[str]:
        return [f"release {self.staged['release']}"] if self.staged and self.staged["release"] else []

    def _home(self) -> str | None:
        """The Python that local packages are built with; the same on every run of this machine."""
        try:
            found = controller.find_python(None, str(self.request.lock.requires_python), self.request.uv.run)
            return Python.parse(found.name).minor
        except AirgapError:
            return None

    def _local(self) -> set[str]:
        """The hashes of the sources of all local packages, also of those that are not asked for."""
        never = {wheel.name for wheel in self.preferences.extra_wheels if wheel.anywhere}
        packaged = [member for member in self.request.lock.members if member.packaged and member.name not in never]
        there = [member for member in packaged if self.request.sources.has(member.folder)]
        return {self.request.sources.package(member.name, member.folder).sha256 for member in there}

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="airgap-uv-", dir=self.temporary) as folder:
            yield Path(folder)

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
        tries = work.trials and not self.request.check_mode and self.params["build"] == "here"
        if not partial and not tries:
            obstacle.refuse(work.obstacles)

    def _refused(self) -> Iterator[Obstacle]:
        for (_raw, each), (_again, label) in zip(self.request.given, self.labels):
            if isinstance(each, Refused):
                yield Obstacle(Refused(label, each.reason), None, each.reason)
