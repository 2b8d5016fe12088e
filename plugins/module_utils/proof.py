# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent proof that the wheelhouse is complete for a target, before anything is transferred.

The staged lock is read again, as it was written, and cut down to the wheels that are there with the right
bytes. From that copy every package is chosen anew: by the order of tags (PEP 425), and by uv itself as far
as it has words for the target. Both must come to what was collected. Wheels that hosts take from an index are
taken for there, for their names alone are looked at.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import ProofFailed
from ansible_collections.airgap.uv.plugins.module_utils.hollow import write_hollow
from ansible_collections.airgap.uv.plugins.module_utils.judge import Chosen, Judge
from ansible_collections.airgap.uv.plugins.module_utils.libraries import specifiers, tags, utils
from ansible_collections.airgap.uv.plugins.module_utils.plan import Taken
from ansible_collections.airgap.uv.plugins.module_utils.staged_lock import Pin, StagedLock
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse, write_text

# Who judges where uv does not.
_TAGS = "the order of tags"
_NOTHING = "nothing"

# A proof with these words is not kept: next time uv may answer.
_UNASKED = "could not be asked"

# Another number when what is proven changes: earlier proofs count no more.
_VERSION = 2


@dataclass(frozen=True)
class Proof:
    """That `packages` of them are there for a target; `by`: `uv 0.13.8`, or why uv could not be asked."""

    target: str
    packages: int
    by: str

    @classmethod
    def read(cls, path: Path) -> Proof | None:
        """One that an earlier run wrote; None where there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Problem:
    """`collected` and `proven`: file names, or `nothing`; `proven` is None where no wheel that fits is there.

    `judge` is who says the latter, `said` what it said instead.
    """

    package: str
    target: str
    collected: str
    proven: str | None
    judge: str
    said: str = ""

    def __str__(self) -> str:
        where = f"{self.package} for {self.target}"
        if self.said:
            return f"{where}: {self.judge} finds no wheels for it: {self.said}"
        if self.proven is None:
            return f"{where}: no wheel that fits is there with the bytes that the lock names"
        return f"{where}: {self.collected} was collected, {self.judge} takes {self.proven}"


@dataclass
class Prover:
    """Proves one staged project for any number of targets; what it found is kept in the wheelhouse's cache."""

    judge: Judge
    wheelhouse: Wheelhouse
    stage: Path
    temporary: Path
    _answers: dict[tuple[str, ...], Chosen] = field(default_factory=dict)

    def prove(self, targets: Sequence[Target], taken: Sequence[Taken]) -> list[Proof]:
        """One proof for each target. Raises `ProofFailed` with every package that is missing or chosen otherwise."""
        lock = StagedLock.read(self.stage)
        ours = {target: _files(taken, target) for target in targets}
        kept = {target: self._kept(lock, target, ours[target]) for target in targets}
        found = {target: Proof.read(path) for target, path in kept.items()}
        anew = [target for target, proof in found.items() if proof is None]
        if anew:
            for proof, target in zip(self._made(lock, {target: ours[target] for target in anew}), anew):
                found[target] = proof
                if _UNASKED not in proof.by:
                    write_text(kept[target], json.dumps(proof.as_dict()) + "\n")
        return [proof for proof in found.values() if proof]

    def _made(self, lock: StagedLock, ours: Mapping[Target, Mapping[str, set[str]]]) -> list[Proof]:
        """Proofs for targets with what was collected for each; what is not whole counts as absent."""
        present = self.wheelhouse.present
        there = {path: digest for path, digest in lock.wheels().items() if path in present}
        # uv looks at names alone here, so it need not wait for the hashes.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            hashed = pool.submit(self.wheelhouse.absent, there)
            found, problems = self._judged_all(lock, list(there), ours)
            damaged = hashed.result()
        if damaged:
            found, problems = self._judged_all(lock, [path for path in there if path not in damaged], ours)
        if problems:
            raise ProofFailed([dataclasses.asdict(problem) for problem in problems], [str(each) for each in problems])
        return found

    def _judged_all(
        self, lock: StagedLock, there: Sequence[str], ours: Mapping[Target, Mapping[str, set[str]]]
    ) -> tuple[list[Proof], list[Problem]]:
        copy = self._copy(lock, there)
        problems: list[Problem] = []
        return [self._proven(copy, target, files, problems) for target, files in ours.items()], problems

    def _kept(self, lock: StagedLock, target: Target, files: Mapping[str, set[str]]) -> Path:
        """Where the proof is kept: a name for all that determines it.

        That what was collected has the right bytes was seen in this run already.
        """
        there = self.wheelhouse.present & set(lock.wheels())
        content = [
            _VERSION,
            str(self.judge),
            hashlib.sha256(lock.text.encode()).hexdigest(),
            [target.label, target.markers],
            sorted(there),
            sorted((name, sorted(names)) for name, names in files.items()),
        ]
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        return self.wheelhouse.cache / "proofs" / f"{digest}.json"

    def _copy(self, lock: StagedLock, there: Sequence[str]) -> _Copy:
        """A copy that names the wheels that are there, and a folder that holds them, for uv to find."""
        copy = lock.only(there)
        folder = Path(tempfile.mkdtemp(prefix="proof-", dir=self.temporary))
        (folder / "wheels").mkdir()
        for name, path in {path.rpartition("/")[2]: path for path in reversed(there)}.items():
            (folder / "wheels" / name).symlink_to(self.wheelhouse.path / path)
        for name in lock.on_indexes():
            write_hollow(folder / "wheels" / name)
        (folder / "uv.lock").write_text(copy.text, encoding="utf-8")
        text = (self.stage / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(text, encoding="utf-8")
        exported = self.judge.demands(folder)
        return _Copy(folder, lock.requires_python, tuple(copy.pins(exported)))

    def _proven(self, copy: _Copy, target: Target, ours: Mapping[str, set[str]], problems: list[Problem]) -> Proof:
        """Hold what was collected for one target against the choice by tags, then against uv's."""
        fitting = target.tags()
        chosen: dict[str, set[str]] = {}
        labels: dict[str, str] = {}
        judges: list[str] = []
        spare: set[str] = set()
        for environment in target.environments(copy.requires_python):
            best = {pin: pin.best(fitting) for pin in copy.pins if pin.holds(environment)}
            spare |= {pin.name for pin in copy.pins if pin.may_hold(environment)}
            for pin, name in best.items():
                labels[pin.name] = pin.label
                chosen.setdefault(pin.name, set()).add(name or "")
            judges.append(self._judged(copy, target, environment, best, problems))
        # What a marker on the kernel may demand is there, and uv leaves it out.
        for name in sorted({*ours, *chosen} - (spare - set(chosen))):
            mine, theirs = ours.get(name, set()), chosen.get(name, set())
            if mine != theirs:
                proven = None if "" in theirs else _named(theirs - mine)
                problems.append(Problem(labels.get(name, name), target.label, _named(mine - theirs), proven, _TAGS))
        return Proof(target.label, sum(map(len, chosen.values())), "; ".join(dict.fromkeys(judges)))

    def _judged(
        self,
        copy: _Copy,
        target: Target,
        environment: Mapping[str, str],
        best: Mapping[Pin, str | None],
        problems: list[Problem],
    ) -> str:
        """Ask uv for one Python version of the target; who judged, in words."""
        full = environment["python_full_version"]
        named, words = target.named_by_uv, target.uv_arguments(full)
        if named is None or words is None:
            return f"{_TAGS}, for uv has no words for this Python or platform"
        older = set(named.tags())
        asked = {pin: name for pin, name in best.items() if name and _fits(name, older)}
        rest = sorted(pin.name for pin, name in best.items() if name and pin not in asked)
        answer = self._answer(copy, words, "".join(f"{line}\n" for line in _requirements(copy, asked, named, full)))
        judge = str(self.judge)
        if answer.unasked:
            return f"{_TAGS}, for {judge} {_UNASKED}: {answer.unasked}"
        if answer.objection:
            problems.append(Problem("the staged project", target.label, _NOTHING, None, judge, answer.objection))
        elif asked and not answer.files:
            return f"{_TAGS}; {judge} finds wheels for all, and does not tell which"
        else:
            problems += [
                Problem(pin.label, target.label, str(name), answer.files.get(pin.name, _NOTHING), judge)
                for pin, name in asked.items()
                if answer.files.get(pin.name) != name
            ]
        return f"{judge}; {_TAGS} for {', '.join(rest)}, newer than what uv has a name for" if rest else judge

    def _answer(self, copy: _Copy, words: Sequence[str], text: str) -> Chosen:
        """uv's, asked once for all targets that it cannot tell apart."""
        key = (str(copy.folder), *words, text)
        if key not in self._answers:
            self._answers[key] = self.judge.choose(text, copy.folder / "wheels", words, copy.folder)
        return self._answers[key]


@dataclass(frozen=True)
class _Copy:
    folder: Path
    requires_python: specifiers.SpecifierSet
    pins: tuple[Pin, ...]


def _files(taken: Sequence[Taken], target: Target) -> dict[str, set[str]]:
    """Names of the wheels that were collected for a target, by package; uv's own is not of the project."""
    found: dict[str, set[str]] = {}
    for item in taken:
        if target in item.targets and not item.tool:
            found.setdefault(item.wheel.name, set()).add(item.wheel.filename)
    return found


def _named(files: set[str]) -> str:
    return ", ".join(sorted(files)) or _NOTHING


def _fits(name: str, fitting: set[tags.Tag]) -> bool:
    return not fitting.isdisjoint(utils.parse_wheel_filename(name)[-1])


def _requirements(copy: _Copy, asked: Iterable[Pin], named: Target, full: str) -> Iterator[str]:
    """Those that hold for the target, with their markers wherever uv comes to the same of them.

    uv knows the usual markers of a platform, not a host's own, and calls 64-bit Windows x86_64.
    """
    usual = dict(dataclasses.replace(named, markers=()).environments(specifiers.SpecifierSet(f"=={full}"))[0])
    usual["platform_machine"] = named.platform.arch if named.platform.system == "windows" else usual["platform_machine"]
    wanted = set(asked)
    for pin in copy.pins:
        if pin in wanted:
            marker = f" ; {pin.marker}" if pin.marker and pin.holds(usual) else ""
            yield f"{_exactly(pin, copy.pins)}{marker}"
        elif pin.marker and not pin.holds(usual):
            yield f"{_exactly(pin, copy.pins)} ; {pin.marker}"


def _exactly(pin: Pin, pins: Iterable[Pin]) -> str:
    """`torch==2.1` means 2.1+cpu as well, which in a lock is another package (PEP 440, version matching)."""
    locals_ = [each.version for each in pins if each.name == pin.name and each.version.startswith(f"{pin.version}+")]
    return ",".join([f"{pin.name}=={pin.version}", *(f"!={version}" for version in locals_)])
