# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the file that pins build requirements: from what builds without pins were made with."""

from __future__ import annotations

import collections
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils import obstacle
from ansible_collections.airgap.uv.plugins.module_utils.build import Build
from ansible_collections.airgap.uv.plugins.module_utils.build_cache import BuildCache
from ansible_collections.airgap.uv.plugins.module_utils.builder import failure
from ansible_collections.airgap.uv.plugins.module_utils.collect import Work
from ansible_collections.airgap.uv.plugins.module_utils.crew import Crew
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.libraries import specifiers, utils, version
from ansible_collections.airgap.uv.plugins.module_utils.pins import (
    Pin,
    Pins,
    file_of_package,
    files_of_packages,
    parse,
    parse_text,
)
from ansible_collections.airgap.uv.plugins.module_utils.plan import Plan
from ansible_collections.airgap.uv.plugins.module_utils.target import Python, Target
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse, write_text

_HEADER = """\
# What wheels are built with{whose}. uv_wheelhouse wrote it (lock_builds, uv_deploy_lock_builds) and writes it
# anew with that option; what it did not build then, for other Pythons say, stays.
# Python: {pythons}
"""
_PYTHONS = re.compile(r"^# Python: (.+)$", re.MULTILINE)
_EXACT = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.+!-]+)")


class RequirementUnpinnable(AirgapError):
    """`requirements`: what each package was built with, by its name, that is no version of an index."""

    def __init__(self, requirements: list[tuple[str, str]]) -> None:
        super().__init__(requirements)
        self.requirements = requirements

    def __str__(self) -> str:
        told = "".join(f"\n  {package}: {requirement}" for package, requirement in self.requirements)
        return (
            "lock_builds: what these packages are built with has no version on an index, so it cannot be pinned. Bring "
            f"wheels of them (extra_wheels):{told}"
        )


@dataclass(frozen=True)
class Use:
    """That a build of `package` with `python` (`3.11`, `pypy3.10`) was made with `requirement`, in `version`."""

    package: str
    python: str
    requirement: str
    version: str


@dataclass
class Ledger:
    """What builds were made with; they may be made side by side."""

    _lines: set[tuple[str, str, str]] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, package: str, python: str, requirements: Iterable[str]) -> None:
        """`python`: an interpreter's name, such as `3.11.7`."""
        short = Python.parse(python).minor.rstrip("t")
        with self._guard:
            self._lines.update((package, short, requirement) for requirement in ("", *requirements))

    @property
    def pythons(self) -> set[str]:
        return {python for _package, python, _requirement in self._lines}

    def built(self, package: str) -> set[str]:
        """The Pythons that a package was built with."""
        return {python for name, python, _requirement in self._lines if name == package}

    def uses(self) -> list[Use]:
        """Raises `RequirementUnpinnable`."""
        found, wrong = [], []
        for package, python, requirement in sorted(line for line in self._lines if line[2]):
            match = _EXACT.fullmatch(requirement)
            if match:
                found.append(Use(package, python, str(utils.canonicalize_name(match[1])), match[2]))
            else:
                wrong.append((package, requirement))
        if wrong:
            raise RequirementUnpinnable(sorted(set(wrong)))
        return found

    def told(self) -> list[dict[str, Any]]:
        """As the module returns it: each build with what it was made with."""
        found: dict[tuple[str, str], list[str]] = {}
        for package, python, requirement in sorted(self._lines):
            found.setdefault((package, python), []).extend([requirement] if requirement else [])
        return [{"name": name, "python": python, "requirements": made} for (name, python), made in found.items()]


@dataclass
class Relock:
    """What the files are to be: `pins`, and the `texts` of the file `path` and those beside it; an empty one goes."""

    path: Path
    ledger: Ledger
    pins: Pins
    texts: Mapping[Path, str]
    changed: list[str] = field(default_factory=list)

    def write(self) -> None:
        for path, text in self.texts.items():
            if write_text(path, text) if text else _removed(path):
                self.changed.append(str(path))

    def as_dict(self) -> dict[str, Any]:
        """As the module returns it."""
        return {"path": str(self.path), "changed": self.changed, "builds": self.ledger.told()}


def ahead(path: str, builds: Iterable[Build]) -> dict[str, Any]:
    """What can be told before anything was built."""
    named = sorted({(build.name, build.python) for build in builds})
    return {
        "path": path,
        "changed": None,
        "builds": [{"name": name, "python": python, "requirements": None} for name, python in named],
    }


@dataclass(frozen=True)
class BuildLock:
    """The file `path`, those beside it that hold for one package. `platform`: this machine's."""

    path: Path
    uv: Uv
    index: str | None
    platform: str

    def locked(self, ledger: Ledger) -> Relock:
        """What comes of it; what was not built now stays as the files say.

        Raises `RequirementUnpinnable`, or `CommandError` where the index does not have what was just installed.
        """
        uses = ledger.uses()
        common = _chosen(uses)
        odd = [use for use in uses if common[use.python, use.requirement] != use.version]
        known = dict(files_of_packages(self.path))
        texts: dict[Path, str] = {}
        pins: dict[str, tuple[Pin, ...]] = {}
        for package in ["", *sorted({*known, *(use.package for use in odd)})]:
            path = known.get(package, file_of_package(self.path, package)) if package else self.path
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            old = parse(path) if text else ()
            if package:
                wanted = _chosen([use for use in odd if use.package == package])
                made = ledger.built(package)
                # What it has of its own no longer differs where it was just built.
                old = tuple(
                    pin for pin in old if not (made and any(pin.holds(self._environment(each)) for each in made))
                )
            else:
                wanted, made = common, ledger.pythons
            before = _pythons(text)
            merged = self._merged(old, wanted, before, made)
            pins[package] = merged
            texts[path] = _text(package, {*before, *made}, merged) if merged or not package else ""
        own = {package: held for package, held in pins.items() if package and held}
        return Relock(self.path, ledger, Pins(pins[""], own, there=True), texts)

    def _environment(self, python: str) -> Mapping[str, str]:
        target = Target.parse({"python": python, "platform": self.platform})
        return target.environments(specifiers.SpecifierSet())[-1]

    def _merged(
        self, old: Sequence[Pin], wanted: Mapping[tuple[str, str], str], before: set[str], made: set[str]
    ) -> tuple[Pin, ...]:
        """The old pins with those that are `wanted`, by Python and name.

        `before`: the Pythons that the old ones were made for; `made`: those that something was built with now.
        """
        names = {name for _python, name in wanted}
        fresh = self._hashed(wanted)
        found = [pin for pin in old if pin.name not in names]
        for name in sorted(names):
            held: dict[str, Pin] = {}
            for python in sorted({*before, *made}, key=_order):
                # Without a marker it says nothing of a Python that it was not made for.
                those = [pin for pin in old if pin.name == name and (pin.marker or python in before)]
                kept = [pin for pin in those if pin.holds(self._environment(python))]
                now = fresh.get((python, name))
                if now or kept:
                    held[python] = now or kept[0]
            found += _marked(held, {*before, *made})
        return tuple(sorted(found, key=lambda pin: (pin.name, pin.marker, pin.version)))

    def _hashed(self, wanted: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], Pin]:
        """Each version with the hashes of all its files, for other platforms and Pythons too."""
        found = {}
        for python in sorted({python for python, _name in wanted}, key=_order):
            lines = [f"{name}=={number}" for (each, name), number in sorted(wanted.items()) if each == python]
            with tempfile.TemporaryDirectory(prefix="airgap-uv-") as folder:
                text = self.uv.hashes(lines, self.index, Path(folder), python.replace("pypy", ""))
            for pin in parse_text(text, f"what the index says of {', '.join(lines)}"):
                found[python, pin.name] = pin
        return found


def recorded(work: Work, temporary: Path, crew: Crew) -> Ledger:
    """What its builds are made with without pins. What they give is not kept; one that fails fails the whole.

    Builds for machines of others are tried here too, as far as that goes: most need the same there.
    """
    ledger = Ledger()
    folder = temporary / "unpinned"
    folder.mkdir()
    own = work.builder
    builder = replace(
        own,
        wheelhouse=Wheelhouse.read(folder),
        workshop=replace(own.workshop, pep517=True),
        pinned=lambda package, python, beside: None,
        shared=BuildCache(),
        placed=[],
        recalled=set(),
        made=ledger.note,
    )
    unbuilt, trials = list(work.unbuilt), list(work.trials)
    trial = Work(Plan(), builder.wheelhouse, builder, work.progress, unbuilt=unbuilt, trials=trials, anew=True)
    handed = [(replace(build, builder=""), artifact) for build, artifact in trial.hand_over(temporary)]
    trial.build(temporary, crew)
    Work(Plan(), builder.wheelhouse, builder, work.progress, unbuilt=handed, anew=True).build(temporary, crew)
    if trial.failed:
        obstacle.refuse([each for build, why in trial.failed for each in failure(build, why)])
        raise trial.failed[0][1]
    return ledger


def _removed(path: Path) -> bool:
    if not path.is_file():
        return False
    path.unlink()
    return True


def _chosen(uses: Sequence[Use]) -> dict[tuple[str, str], str]:
    """By Python and requirement the version that most packages are built with; of equally many the newest."""
    votes: dict[tuple[str, str], collections.Counter[str]] = {}
    for use in uses:
        votes.setdefault((use.python, use.requirement), collections.Counter())[use.version] += 1
    return {key: _most(counted) for key, counted in votes.items()}


def _most(counted: Mapping[str, int]) -> str:
    return max(counted, key=lambda number: (counted[number], version.Version(number)))


def _marked(held: Mapping[str, Pin], pythons: set[str]) -> Iterator[Pin]:
    """One pin a version; without a marker where it is the same for all Pythons."""
    groups: dict[str, list[str]] = {}
    for python, pin in held.items():
        groups.setdefault(pin.version, []).append(python)
    everywhere = len(groups) == 1 and set(held) == pythons
    for number, those in groups.items():
        hashes = sorted({digest for python in those for digest in held[python].hashes})
        marker = "" if everywhere else _marker(those, pythons)
        yield Pin(held[those[0]].name, number, marker, tuple(hashes))


def _marker(those: Sequence[str], pythons: set[str]) -> str:
    both = any(python.startswith("pypy") for python in pythons)
    return " or ".join(_named(python, both) for python in sorted(those, key=_order))


def _named(python: str, both: bool) -> str:
    number = f'python_version == "{python.replace("pypy", "")}"'
    kind = "pypy" if python.startswith("pypy") else "cpython"
    return f'({number} and implementation_name == "{kind}")' if both else number


def _order(python: str) -> tuple[bool, tuple[int, ...]]:
    return python.startswith("pypy"), tuple(int(part) for part in python.replace("pypy", "").split("."))


def _pythons(text: str) -> set[str]:
    """Those that a file was made for, as its header tells."""
    match = _PYTHONS.search(text)
    named = match[1].split(", ") if match else []
    return {python for python in named if re.fullmatch(r"(pypy)?3\.([2-9]|\d\d)", python)}


def _text(package: str, pythons: set[str], pins: Sequence[Pin]) -> str:
    whose = f" of {package}, beside those that all are built with" if package else ""
    header = _HEADER.format(whose=whose, pythons=", ".join(sorted(pythons, key=_order)) or "none")
    return header + "".join(pin.text for pin in pins)
