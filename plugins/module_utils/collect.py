# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of a collect: the plan held against what is there, then fetched and built."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.amend import SourceMissing, SourceUnusual
from ansible_collections.airgap.uv.plugins.module_utils.build import Build, LocalPackage, Sdist, fits, generic
from ansible_collections.airgap.uv.plugins.module_utils.builder import Builder, Unbuildable, failure
from ansible_collections.airgap.uv.plugins.module_utils.builders import Sent, failed, record
from ansible_collections.airgap.uv.plugins.module_utils.crew import Crew, cpus
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    BuildFailed,
    BuiltWheelWrong,
    ExtraWheelInvalid,
    FetchFailed,
    InterpreterMissing,
    SourceUnsafe,
    WheelUnreadable,
)
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact, Fetcher
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.obstacle import Obstacle
from ansible_collections.airgap.uv.plugins.module_utils.plan import Plan, Taken
from ansible_collections.airgap.uv.plugins.module_utils.progress import Progress, Underway
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit, CommitMissing, Repository
from ansible_collections.airgap.uv.plugins.module_utils.requirements import Pinned
from ansible_collections.airgap.uv.plugins.module_utils.requires import NEEDED, Requires
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.unpacked import Unpacked
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse

_OLDER = (
    "have it built on a machine as old (uv_deploy_builders; or build: defer, then built), or bring a wheel of it "
    "(extra_wheels)"
)


_FROM_HISTORY = "its version is in its git history, which stays here, so an sdist is made of it for its builder"

# In the wheelhouse's cache: where the role lays what came from builders.
ARRIVED = "built"


@dataclass
class Work:
    """The plan held against the wheelhouse: what is missing, and what was done about it."""

    plan: Plan
    wheelhouse: Wheelhouse
    builder: Builder
    progress: Progress
    missing: list[tuple[Taken, Artifact]] = field(default_factory=list)
    lacking: list[tuple[Taken, ExtraWheel]] = field(default_factory=list)
    unbuilt: list[tuple[Build, Artifact | None]] = field(default_factory=list)
    trials: list[tuple[Build, Artifact | None]] = field(default_factory=list)  # builds for targets that are left out
    obstacles: list[Obstacle] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    spare: list[Taken] = field(default_factory=list)  # wheels that are there, of targets that are left out, or of none
    fetched: list[str] = field(default_factory=list)
    failed: list[tuple[Build, AirgapError]] = field(default_factory=list)
    anew: bool = False  # what earlier runs built does not count
    untold: list[str] = field(default_factory=list)  # builds that failed and that no target waits for
    stats: dict[str, Any] = field(
        default_factory=lambda: {"downloaded": 0, "downloaded_bytes": 0, "built": 0, "reused": 0}
    )

    def look(self) -> None:
        """Hash what is there; everything else is missing."""
        index = {taken.wheel.path: taken.wheel.sha256 for taken, _artifact in self.plan.downloads if taken.travels}
        index.update({taken.wheel.path: taken.wheel.sha256 for taken, _extra in self.plan.brought})
        absent = set(self.wheelhouse.absent(index))
        self.missing = [item for item in self.plan.downloads if item[0].wheel.path in absent and item[0].travels]
        self.lacking = [item for item in self.plan.brought if item[0].wheel.path in absent]
        present = [item[0] for item in self.plan.downloads] + [item[0] for item in self.plan.brought]
        for _taken, extra in self.lacking:
            extra.verify(extra.path)
        brought = {id(taken): self._looked_into(taken, extra) for taken, extra in self.plan.brought}
        self.lacking = [(brought[id(taken)], extra) for taken, extra in self.lacking]
        present = [brought.get(id(taken), taken) for taken in present]
        self.taken = [taken for taken in present if taken.wheel.path not in absent or not taken.travels]
        for build, artifact in self.plan.builds:
            wheel = None if self.anew else self._known(build)
            if wheel is None:
                self.unbuilt.append((build, artifact))
            else:
                self._take(build, wheel)
        self.stats["reused"] = self._travelling

    def _known(self, build: Build) -> Wheel | None:
        """Also what was built here before its builder was named, or because that lacks the Python; or the other way."""
        wheel = self.builder.reuse(build)
        if wheel is None and build.builder and build.suits_here:
            wheel = self.builder.reuse(replace(build, builder=""))
        if wheel is None and build.instead:
            wheel = self.builder.reuse(replace(build, builder=build.instead))
        return wheel

    def weigh_wheels(self) -> None:
        """Compiled wheels against the C library of each target that takes them: their names may not tell."""
        self.taken = _one_of_a_name(self.taken)
        for item in [*self.taken, *(taken for taken, _extra in self.lacking)]:
            for target, refusal in zip(item.targets, _refusals(item)):
                if refusal:
                    label = f"{item.wheel.name} {item.wheel.version}"
                    reason = f"{item.wheel.filename}{self._compiled(item)} {refusal}; {_OLDER}"
                    self.obstacles.append(Obstacle(target, label, reason, item.wheel.filename))

    def _compiled(self, item: Taken) -> str:
        made = item.wheel.origin.get("built") or {}
        if made.get("platform"):
            return f" was compiled on {made['platform']} and"
        return f" was compiled here ({self.builder.machine}) and" if item.built and not made.get("elsewhere") else ""

    def make_way(self, builds: Collection[Build]) -> None:
        """What an earlier run built, and one of the targets cannot load, gives way to what is brought for it."""
        for build, artifact in self.plan.builds:
            if build not in builds:
                continue
            mine = [item for item in self.taken if item.built and item.source == _source(build)]
            mine = [item for item in mine if item.targets == build.targets]
            unfit = [item for item in mine if any(_refusals(item))]
            if unfit:
                self.taken = [item for item in self.taken if item not in unfit]
                self.unbuilt.append((build, artifact))

    def weigh_builds(self) -> None:
        """Tell what can be built here and what at most without compiled code; an earlier run may know the outcome."""
        unbuilt, self.unbuilt = self.unbuilt, []
        pythons = {build.python for build, _artifact in unbuilt if not (build.elsewhere or build.builder)}
        lacking = {python for python in pythons if not self.builder.has_python(python)}
        for build, artifact in unbuilt:
            if not (build.elsewhere or build.builder) and build.python in lacking:
                if build.instead:
                    build = _instead(build)
                else:
                    build = replace(build, elsewhere=f"a machine with Python {build.python}", wants_python=True)
            note = self.builder.note(build) if build.elsewhere else False
            if isinstance(note, Unbuildable):
                self.obstacles += note.obstacles(build)
            else:
                self.unbuilt.append((build, artifact))

    def _looked_into(self, taken: Taken, extra: ExtraWheel) -> Taken:
        """With what it needs of a host; an earlier run may have found that out."""
        known = self.wheelhouse.required(taken.wheel)
        if known is None:
            known = extra.inspect(extra.path, taken.targets).told
        return replace(taken, wheel=replace(taken.wheel, requires=known))

    def leave_out(self, targets: Collection[Target]) -> None:
        """Collect nothing more for these; builds that may fail for them are still tried out, to be told of."""
        self.spare += [item for item in self.taken if not item.without(targets).targets]
        self.taken = [item for item in (item.without(targets) for item in self.taken) if item.targets]
        self.missing = [(item.without(targets), artifact) for item, artifact in self.missing]
        self.missing = [item for item in self.missing if item[0].targets]
        self.lacking = [(item.without(targets), extra) for item, extra in self.lacking]
        self.lacking = [item for item in self.lacking if item[0].targets]
        unbuilt, self.unbuilt = self.unbuilt, []
        for build, artifact in unbuilt:
            rest = tuple(target for target in build.targets if target not in targets)
            if rest:
                self.unbuilt.append((replace(build, targets=rest), artifact))
            elif build.targets and not build.builder and not (build.elsewhere and self.builder.note(build)):
                self.trials.append((build, artifact))
            elif build.tells_version:
                self.unbuilt.append((replace(build, targets=(), elsewhere="", builder="", instead=""), artifact))
        if not (self.fetched or self.stats["built"]):
            self.stats["reused"] = self._travelling

    def measure(self) -> None:
        """Look into the wheels that are there: what they take once they are installed."""
        self.taken = [self._measured(item) for item in self.taken]
        self.spare = [self._measured(item) for item in self.spare]
        there = [item for item in (*self.taken, *self.spare) if item.travels]
        wheels = {item.wheel.path: item.wheel for item in there if not item.wheel.installed_size}
        unreadable = [
            (wheel.filename, wheel.sha256)
            for path, wheel in sorted(wheels.items())
            if (self.wheelhouse.path / path).is_file() and not Unpacked.readable(self.wheelhouse.path / path)
        ]
        if unreadable:
            raise WheelUnreadable(unreadable)

    def _measured(self, item: Taken) -> Taken:
        if item.travels:
            return replace(item, wheel=self.wheelhouse.measured(item.wheel))
        guessed = Unpacked.guessed(item.wheel.filename, item.wheel.size)
        return replace(item, wheel=replace(item.wheel, installed_size=guessed.size, installed_files=guessed.files))

    @property
    def _travelling(self) -> int:
        return sum(item.travels for item in self.taken)

    def commits(self) -> dict[Commit, str]:
        """Those that are to be built from, with the name of a package that each is for."""
        builds = [build for build, _artifact in [*self.unbuilt, *self.trials]]
        return {build.source: build.name for build in builds if isinstance(build.source, Commit)}

    def to_fetch(self) -> list[tuple[Artifact, Path]]:
        """Missing wheels and the sdists that are to be built, wherever that is; each file once."""
        files = {
            taken.wheel.path: (artifact, self.wheelhouse.path / taken.wheel.path) for taken, artifact in self.missing
        }
        for build, artifact in [*self.unbuilt, *self.trials]:
            if artifact is not None and isinstance(build.source, Sdist):
                path = build.source.path
                # Checked again before each build: code that runs must be what the lock says.
                if not path.is_file() or file_digest(path) != artifact.sha256:
                    files[str(path)] = (artifact, path)
        return list(files.values())

    def fetch(
        self,
        files: list[tuple[Artifact, Path]],
        fetcher: Fetcher,
        temporary: Path,
        partial: bool = False,
        commits: Mapping[Commit, str] | None = None,
    ) -> None:
        """Bring `files` from indexes, commits from their repositories, and the caller's own wheels.

        With `partial`, what cannot be had keeps its targets from being served, if others are left.
        """
        try:
            barred: dict[str, list[str]] = {}
            lacking = list(self._bring(commits or {}, barred))
            self.stats["downloaded_bytes"] = fetcher.fetch(files, temporary, lacking, barred)
        except FetchFailed as error:
            if not partial:
                raise
            lost = {name: f"{name} cannot be fetched from {where}: {reason}" for name, where, reason in error.files}
            files = [(artifact, path) for artifact, path in files if artifact.label not in lost]
            self._go_without(lost, error)
            self.stats["downloaded_bytes"] = sum(path.stat().st_size for _artifact, path in files)
        self.stats["downloaded"] = len(files)
        for taken, _artifact in self.missing:
            # The lock may be wrong about it: no hash covers the size.
            size = (self.wheelhouse.path / taken.wheel.path).stat().st_size
            self._add(replace(taken, wheel=replace(taken.wheel, size=size)))
        for taken, extra in self.lacking:
            destination = self.wheelhouse.path / taken.wheel.path
            destination.parent.mkdir(parents=True, exist_ok=True)
            os.replace(_verified_copy(extra, temporary), destination)
            self._add(taken)

    def _go_without(self, lost: Mapping[str, str], error: FetchFailed) -> None:
        """Files that could not be fetched, by name with the reason; the error where no target can do without."""
        wheels = [(taken, artifact) for taken, artifact in self.missing if artifact.label in lost]
        builds = [(build, artifact) for build, artifact in self.unbuilt if _sought(build, artifact) in lost]
        found = [
            *(
                Obstacle(target, f"{taken.wheel.name} {taken.wheel.version}".strip(), lost[artifact.label])
                for taken, artifact in wheels
                for target in taken.targets
            ),
            *(
                Obstacle(target, build.label, lost[_sought(build, artifact)])
                for build, artifact in builds
                for target in build.targets
            ),
        ]
        asked = {target for taken in self.expected() for target in taken.targets}
        asked |= {target for build, _artifact in self.unbuilt for target in build.targets}
        if asked <= {each.target for each in found}:
            raise error
        self.obstacles += found
        self.missing = [item for item in self.missing if item not in wheels]
        self.unbuilt = [item for item in self.unbuilt if item not in builds]
        self.trials = [item for item in self.trials if _sought(*item) not in lost]

    def _bring(self, commits: Mapping[Commit, str], barred: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
        """Bring those that are to be built from; name, URL and reason of each that cannot be had.

        `barred` gets those for which credentials are missing or wrong, by what is to be done.
        """
        reasons: dict[tuple[Repository, str, bool | None], str] = {}
        refused: set[str] = set()
        down: dict[str, str] = {}
        for source, name in commits.items():
            repository, key = source.repository, (source.repository, source.commit, source.large)
            if key not in reasons:
                self.progress.say(f"fetches {name} from {source.shown}")
                try:
                    reasons[key] = down.get(repository.host, "")
                    if not reasons[key]:
                        source.bring()
                except CommitMissing as error:
                    reasons[key] = error.reason
                    if error.refused:
                        refused.add(error.reason)
                    if error.down:
                        down[repository.host] = error.reason
            if reasons[key] in refused:
                barred.setdefault(reasons[key], []).append(f"{name} from {source.shown}")
            elif reasons[key]:
                yield name, source.shown, reasons[key]

    def hand_over(self, temporary: Path) -> list[tuple[Build, Artifact | None]]:
        """Take the builds out that others make; local packages without compiled code are built here at once."""
        handed = [item for item in self.unbuilt if item[0].builder]
        self.unbuilt = [item for item in self.unbuilt if not item[0].builder]
        left = []
        for build, artifact in handed:
            wheel = self.builder.reuse(build)
            if wheel is None and isinstance(build.source, LocalPackage):
                self.progress.say(f"tries to build {build.name} without compiled code")
                wheel = self.builder.try_local(build, temporary)
                self.stats["built"] += wheel is not None
            if wheel is None:
                left.append((build, artifact))
            else:
                self._take(build, wheel)
        return left

    def take_back(self, handed: Sequence[tuple[Build, Artifact | None]]) -> None:
        """Those that are still to be built by others: what was built here meanwhile may serve them."""
        for build, artifact in handed:
            wheel = self.builder.reuse(build)
            if wheel is None:
                self.unbuilt.append((build, artifact))
            else:
                self._take(build, wheel)

    def send(self, folder: Path, temporary: Path, pinned: Callable[[Build, Path], Pinned | None]) -> list[Sent]:
        """Pack what is to be built by others into `folder`; what lay there before goes.

        What cannot be packed is in the way of its own targets alone.
        """
        found = []
        shutil.rmtree(folder, ignore_errors=True)
        unbuilt, self.unbuilt = self.unbuilt, []
        for build, artifact in unbuilt:
            self.progress.say(f"packs {build.name} for its builder")
            folder.mkdir(parents=True, exist_ok=True)
            try:
                sdist = functools.partial(self.builder.make_sdist, build, temporary)
                sent = Sent.packed(build, self.builder.recipes(build), folder, temporary, sdist)
            except (BuildFailed, BuiltWheelWrong, InterpreterMissing) as error:
                self.failed.append((build, error))
                for each in failure(build, error):
                    self.obstacles.append(replace(each, reason=f"{_FROM_HISTORY}: {each.reason}"))
            else:
                found.append(sent.made_with(pinned(build, folder)))
                self.unbuilt.append((build, artifact))
        return found

    def build(self, temporary: Path, crew: Crew) -> None:
        """Build what no earlier run built from the same bytes; what fails is in the way of its own targets alone."""
        chains = _chains(self.unbuilt)
        # The CPUs are shared out: builds that compile on all of them at once only take turns.
        share = max(1, cpus() // max(1, min(crew.jobs, len(chains))))
        self.builder = replace(self.builder, workshop=replace(self.builder.workshop, jobs=share))
        underway = Underway(self.progress, "builds", len(self.unbuilt))

        def made(build: Build) -> Outcome:
            # A wheel of pure Python that was just built serves the next Python too.
            known = self.builder.reuse(build)
            if known:
                return Outcome(build, known)
            make = self.builder.build_pure if build.elsewhere else self.builder.build
            with underway.doing(f"{build.name} for Python {build.python}"):
                return Outcome.of(build, lambda: make(build, temporary))

        outcomes = _in_order(crew.work(chains, made), self.unbuilt)
        artifacts = dict(self.unbuilt)
        self.unbuilt = []
        for outcome in outcomes:
            build, found = outcome.build, outcome.found
            if isinstance(found, Wheel):
                self._take(build, found)
                if outcome.made:
                    self.stats["reused" if found.path in self.builder.recalled else "built"] += 1
            elif isinstance(found, Unbuildable):
                self.obstacles += found.obstacles(build)
        for build, why in [(outcome.build, outcome.error) for outcome in outcomes if outcome.error]:
            # What another Python built since may serve this one too.
            wheel = self.builder.reuse(build)
            if wheel:
                self._take(build, wheel)
                continue
            if build.instead and not self.anew:
                self.untold.append(f"{why} It is left to the builder {build.instead}.")
                self.unbuilt.append((_instead(build), artifacts[build]))
                continue
            self.failed.append((build, why))
            if build.targets:
                self.obstacles += failure(build, why)
            else:
                self.untold.append(f"{why} No target takes it; the release's name does without its version.")
        self._try(temporary, crew)

    def _try(self, temporary: Path, crew: Crew) -> None:
        underway = Underway(self.progress, "tries to build", len(self.trials))

        def tried(build: Build) -> Outcome:
            known = self.builder.reuse(build)
            if known:
                return Outcome(build, known)
            with underway.doing(f"{build.name} for Python {build.python}"):
                return Outcome.of(build, lambda: self._tried(build, temporary))

        for outcome in _in_order(crew.work(_chains(self.trials), tried), self.trials):
            if outcome.error:
                self.failed.append((outcome.build, outcome.error))
                self.obstacles += failure(outcome.build, outcome.error)
            elif isinstance(outcome.found, Unbuildable):
                self.obstacles += outcome.found.obstacles(outcome.build)
            elif outcome.found is not None:
                self.spare.append(_built(outcome.build, outcome.found))
        self.trials = []

    def _tried(self, build: Build, temporary: Path) -> Wheel | Unbuildable | None:
        """Nobody waits for the wheel, but the next run may; and it tells the version where nothing else does."""
        if build.elsewhere:
            return self.builder.build_pure(build, temporary, keep=build.tells_version)
        return self.builder.build(build, temporary)

    def _take(self, build: Build, wheel: Wheel) -> None:
        (self.taken if build.targets else self.spare).append(_built(build, wheel))

    def _add(self, taken: Taken) -> None:
        self.taken.append(taken)
        self.fetched.append(taken.wheel.path)

    def kept(self, lock: Lockfile, local: Collection[str], any_uv: bool) -> list[str]:
        """Paths of the wheels that `prune` leaves alone: all that the lock wants, for whatever target.

        Hosts of one play may want other extras, groups or packages of it, at the same time; what they bring for its
        packages, and uv where this collect has no say in its version (`any_uv`), stays as well. `local` are the
        hashes of the local packages' sources.
        """
        ours = {build.source.identity for build, _artifact in self.plan.builds} | lock.hashes | set(local)
        newer = {taken.wheel.filename for taken, _extra in self.plan.brought}
        named = [
            wheel.path
            for wheel in self.wheelhouse.wheels
            if ours & {wheel.sha256, *(wheel.source or ())}
            or (
                wheel.origin.get("kind") == "path"
                and (wheel.name, wheel.version) in lock.versions
                and wheel.filename not in newer
            )
            or (any_uv and wheel.name == "uv")
        ]
        return [*named, *(taken.wheel.path for taken, _artifact in self.plan.downloads)]

    def warnings(self) -> Iterator[str]:
        """What compiled wheels need of a host is told by their files, and something is needed to read those."""
        brought = {taken.wheel.path for taken, _extra in self.plan.brought}
        looked_into = [item for item in self.expected() if item.built or item.wheel.path in brought]
        unread = sorted({item.wheel.filename for item in looked_into if item.wheel.requires is None})
        if unread:
            yield (
                f"Whether the hosts have the glibc and the libraries that {', '.join(unread)} needs is not known, "
                f"because it could not be read. Install {NEEDED} for {sys.executable}, or try it on a host first."
            )

    @property
    def added(self) -> list[str]:
        """Paths of the wheels whose bytes this run brought or built."""
        return sorted({*self.fetched, *self.builder.placed})

    def expected(self) -> list[Taken]:
        """The wheels that are known by name: those taken and, before a fetch, those that are missing."""
        done = {taken.wheel.path for taken in self.taken if taken.travels}
        return [*self.taken, *(taken for taken in self._ahead() if taken.wheel.path not in done)]

    def ahead(self) -> list[str]:
        """Paths of the wheels that a fetch brings."""
        return sorted({taken.wheel.path for taken in self._ahead()})

    def _ahead(self) -> list[Taken]:
        return [item[0] for item in self.missing] + [item[0] for item in self.lacking]


@dataclass(frozen=True)
class Outcome:
    """What became of a build: a wheel that was there or was `made`, what stands in its way, or why it failed."""

    build: Build
    found: Wheel | Unbuildable | None = None
    error: AirgapError | None = None
    made: bool = False

    @classmethod
    def of(cls, build: Build, make: Callable[[], Wheel | Unbuildable | None]) -> Outcome:
        try:
            return cls(build, make(), made=True)
        except (BuildFailed, BuiltWheelWrong, InterpreterMissing, SourceMissing, SourceUnsafe, SourceUnusual) as error:
            return cls(build, error=error)


def _chains(builds: Sequence[tuple[Build, Artifact | None]]) -> list[list[Build]]:
    """Builds of one source come one after another: the first may give a wheel that serves all."""
    found: dict[tuple[str, str, str], list[Build]] = {}
    for build, _artifact in builds:
        found.setdefault((build.name, build.source.identity, build.source.part), []).append(build)
    return list(found.values())


def _in_order(found: list[list[Outcome]], builds: Sequence[tuple[Build, Artifact | None]]) -> list[Outcome]:
    """As the plan has them, whichever was done first."""
    places = {id(build): number for number, (build, _artifact) in enumerate(builds)}
    return sorted((outcome for chain in found for outcome in chain), key=lambda item: places[id(item.build)])


def take_built(work: Work, built: Sequence[Mapping[str, Any]], check_mode: bool) -> None:
    """Wheels that were built elsewhere, each for the builds of the source that it names."""
    for raw in built:
        extra = ExtraWheel.parse(raw, "built")
        extra.verify(extra.path)
        meant = [build for build, _artifact in work.plan.builds if _is_built_from(extra, raw, build)]
        extra.inspect(extra.path, [target for build in meant for target in build.targets])
        if not meant:
            raise ExtraWheelInvalid(
                str(extra.path), f"nothing is to be built from {raw['source']} that it fits", "built"
            )
        work.make_way(meant)
        for build, artifact in [item for item in work.unbuilt if item[0] in meant]:
            if check_mode:
                wheel = work.builder.describe(build, extra.path, record(raw.get("record")))
                if not work.wheelhouse.whole(wheel.path, wheel.sha256):
                    work.builder.placed.append(wheel.path)
            else:
                copy = _verified_copy(extra, work.wheelhouse.cache / "tmp")
                maker = _instead(build) if raw.get("builder") and not build.builder else build
                wheel = work.builder.take(maker, copy, record(raw.get("record")))
            work.taken.append(_built(build, wheel))
            work.unbuilt.remove((build, artifact))
    arrived = work.wheelhouse.cache / ARRIVED
    if not check_mode and any(arrived in Path(raw["path"]).parents for raw in built):
        shutil.rmtree(arrived, ignore_errors=True)


def take_unbuilt(work: Work, unbuilt: Sequence[Mapping[str, Any]]) -> None:
    """What could not be built elsewhere is in the way of the targets that wait for it."""
    for raw in unbuilt:
        for build, obstacles in failed([build for build, _artifact in work.unbuilt], raw):
            if raw["lacks_python"] and build.builder and build.suits_here:
                mine = replace(build, builder="")
                work.unbuilt = [(mine if item[0] == build else item[0], item[1]) for item in work.unbuilt]
                continue
            work.obstacles += obstacles
            work.unbuilt = [item for item in work.unbuilt if item[0] != build]


def _is_built_from(extra: ExtraWheel, raw: Mapping[str, Any], build: Build) -> bool:
    """A wheel with compiled code is for the targets of its own builder alone, whatever its name says."""
    same = extra.name == build.name and raw["source"] == build.source.identity
    own = not raw.get("builder") or raw["builder"] == (build.builder or build.instead) or generic(extra.path.name)
    return same and own and fits(extra.path.name, build.targets)


def _instead(build: Build) -> Build:
    """For the builder that is asked because this machine cannot."""
    return replace(build, builder=build.instead, instead="", suits_here=False)


def _built(build: Build, wheel: Wheel) -> Taken:
    return Taken(wheel, build.targets, _source(build), built=True)


def _sought(build: Build, artifact: Artifact | None) -> str:
    """What a build needs that is fetched: the label of its archive, or the package of a commit."""
    if artifact is not None:
        return artifact.label
    return build.name if isinstance(build.source, Commit) else ""


def _source(build: Build) -> str:
    return " ".join((f"{build.name} from {build.source.identity}", *build.declared))


def _one_of_a_name(taken: Sequence[Taken]) -> list[Taken]:
    """Of built wheels with one name the one that serves most targets, for all: uv could not tell them apart.

    Machines of two kinds may have built them.
    """
    namesakes: dict[str, list[Taken]] = {}
    for item in taken:
        if item.built:
            namesakes.setdefault(item.wheel.filename, []).append(item)
    best: dict[str, Wheel] = {}
    for name, items in namesakes.items():
        targets = tuple(target for item in items for target in item.targets)
        wheels = [replace(item, targets=targets) for item in items]
        best[name] = min(wheels, key=lambda item: (sum(map(bool, _refusals(item))), item.wheel.sha256)).wheel
    return [replace(item, wheel=best[item.wheel.filename]) if item.built else item for item in taken]


def _refusals(item: Taken) -> list[str]:
    """For each of its targets why it would not load there, or nothing."""
    required = Requires.parse(item.wheel.requires)
    return [required.refusal(target.platform) for target in item.targets]


def _verified_copy(extra: ExtraWheel, folder: Path) -> Path:
    """A copy with the wheel's own name; the original may change while it is read."""
    copy = folder / extra.sha256 / extra.path.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(extra.path, copy)
    extra.verify(copy)
    copy.chmod(0o644)
    return copy
