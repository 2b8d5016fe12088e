# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For every real lock and every kind of host, our choice is uv's own, and pip's.

The locks' file names are offered by an index on loopback, so nothing is downloaded. Packages from git
and archives are left out, for they have one file only.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
import tomli
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, select
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.tests.unit.support.judges import Uv, pip_takes, pip_version
from ansible_collections.airgap.uv.tests.unit.support.offers import Offers
from ansible_collections.airgap.uv.tests.unit.support.real import export
from ansible_collections.airgap.uv.tests.unit.support.table import Table
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet

PROJECTS = (
    "genmod",
    "guidellm",
    "job-server",
    "meltano",
    "openai-python",
    "python-sdk",
    "relate",
    "supabase-py",
    "uv-fastapi-example",
)

# Everything that a lock has is compared, but for one of two groups that exclude each other.
CONFLICTS = {"openai-python": ("--no-group", "pydantic-v1")}

# Python and platform. Without a micro version it is what the first and the newest take, joined.
TARGETS = [
    ("3.9.2", "x86_64-manylinux_2_31"),
    ("3.10.12", "x86_64-manylinux_2_35"),
    ("3.11", "x86_64-manylinux_2_28"),
    ("3.11.2", "x86_64-manylinux_2_36"),
    ("3.12.3", "x86_64-manylinux2014"),
    ("3.12.3", "aarch64-manylinux_2_39"),
    ("3.13.5", "x86_64-manylinux_2_41"),
    ("3.14.0", "x86_64-manylinux_2_41"),
    ("3.13.5t", "x86_64-manylinux_2_41"),
    ("3.14.0t", "aarch64-manylinux_2_41"),
    ("3.13.5d", "x86_64-manylinux_2_41"),
    ("3.14.0td", "x86_64-manylinux_2_41"),
    ("pypy3.10.14", "x86_64-manylinux_2_36"),
    ("pypy3.11.13", "aarch64-manylinux_2_36"),
    ("3.12.11", "x86_64-unknown-linux-musl"),
    ("3.13.5", "aarch64-unknown-linux-musl"),
    ("3.11.2", "x86_64-musllinux_1_1"),
    ("3.12", "riscv64-unknown-linux"),
    ("3.11.2", "armv7l-manylinux_2_36"),
    ("3.11.2", "i686-manylinux_2_36"),
    ("3.12.3", "ppc64le-manylinux_2_39"),
    ("3.12.3", "s390x-manylinux_2_39"),
    ("3.12", "macos"),
    ("3.10", "x86_64-apple-darwin"),
    ("3.13", "arm64-macosx_15_0"),
    ("3.12", "windows"),
    ("3.13", "aarch64-pc-windows-msvc"),
    ("3.11", "i686-pc-windows-msvc"),
]

# What pip is told for some of them: it makes the older macOS releases itself, and of manylinux the legacy names.
PIP = [
    (
        "3.12.3",
        "x86_64-manylinux_2_28",
        [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)] + ["manylinux2014_x86_64"],
    ),
    ("3.11.2", "aarch64-unknown-linux-musl", [f"musllinux_1_{minor}_aarch64" for minor in (2, 1, 0)]),
    ("3.12.3", "macos", ["macosx_13_0_arm64"]),
]

# Where the choices differ, and why that is right: by judge, project, target and package.
DIFFERENCES: dict[tuple[str, str, str, str], str] = {}

Choices = Mapping[str, str]


class Taken(NamedTuple):
    """The wheel of a package; none where no wheel fits."""

    name: str
    version: str
    filename: str | None


@dataclasses.dataclass(frozen=True)
class Compared:
    """One lock and target: how many packages, of how many no wheel fits for either, the differences as lines."""

    packages: int
    without: int
    explained: list[str]
    wrong: list[str]

    def __str__(self) -> str:
        differences = len(self.explained) + len(self.wrong)
        return f"{self.packages} ({self.without})" + (f" ≠{differences}" if differences else "")


@dataclasses.dataclass(frozen=True)
class Lock:
    """A project's lock, exported by uv in both of its formats, and the index that offers its files."""

    project: str
    lock: Pylock
    requirements: Path
    index: str

    @property
    def requires(self) -> SpecifierSet:
        return self.lock.requires_python or SpecifierSet()


@pytest.fixture(scope="session")
def offered(locks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Lock]]:
    with Offers() as offers:
        folder = tmp_path_factory.mktemp("requirements")
        yield {name: read(name, locks / name, offers, folder / f"{name}.txt") for name in PROJECTS}


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Uv:
    return Uv(tmp_path_factory.mktemp("uv"))


def read(name: str, project: Path, offers: Offers, requirements: Path) -> Lock:
    words = ("--all-extras", "--all-groups", *CONFLICTS.get(name, ()), "--no-emit-local")
    exported = Pylock.from_dict(tomli.loads(export(project, *words, "--format", "pylock.toml")))
    packages = [package for package in exported.packages if package.wheels or package.sdist]
    lines = export(project, *words, "--no-hashes", "--no-annotate").splitlines()
    pins = [exactly(line, packages) for line in lines if " @ " not in line]
    requirements.write_text("\n".join(pins), encoding="utf-8")
    wheels = [wheel.filename for package in packages for wheel in package.wheels or ()]
    sources = [(package.name, str(package.version)) for package in packages if not package.wheels]
    index = offers.add(name, wheels, sources)
    return Lock(name, dataclasses.replace(exported, packages=packages), requirements, index)


def exactly(line: str, packages: Iterable[Package]) -> str:
    """`torch==2.1` means 2.1+cpu too, which in the lock is another package, of another index."""
    pin, *marker = line.split(" ", 1)
    name, _equal, number = pin.partition("==")
    others = [
        f",!={package.version}"
        for package in packages
        if package.name == name and package.version and package.version.local and package.version.public == number
    ]
    return " ".join([pin + "".join(others), *marker])


def ours(lock: Pylock, target: Target) -> list[Taken]:
    """What we take of each package, for joined micro versions of Python both."""
    found = select(lock, [target], Preferences())
    none = [Taken(*obstacle.package.split(), None) for obstacle in found.obstacles if obstacle.package]
    return [*(taken(choice) for choice in found.choices), *none]


def taken(choice: Choice) -> Taken:
    source = choice.source
    return Taken(choice.name, str(choice.version), source.filename if isinstance(source, PackageWheel) else None)


def joined(pairs: Iterable[tuple[str, str | None]]) -> Choices:
    """By package the wheel, or `-` where none fits and a build would have to do."""
    found: dict[str, set[str]] = {}
    for name, filename in pairs:
        found.setdefault(name, set()).add(filename or "-")
    return {name: " and ".join(sorted(names)) for name, names in found.items()}


def compare(judge: str, lock: Lock, target: Target, one: Choices, other: Choices) -> Compared:
    names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    lines = {name: f"{name}: ours {one.get(name, 'nothing')}, {judge}'s {other.get(name, 'nothing')}" for name in names}
    known = {key[3]: why for key, why in DIFFERENCES.items() if key[:3] == (judge, lock.project, target.label)}
    return Compared(
        len({*one, *other}),
        sum(wheel == "-" for wheel in other.values()),
        [f"{lock.project}: {line}: {known[name]}" for name, line in lines.items() if name in known],
        [f"{lock.project}: {line}" for name, line in lines.items() if name not in known]
        + [f"{lock.project}: {name} is explained, but both choices are the same" for name in {*known} - {*lines}],
    )


class Comparison:
    """All that is compared with one judge, as a table; `asked` is what the judge was told of a target."""

    def __init__(self, judge: str, asked: str) -> None:
        self.table = Table(f"our choice beside that of {judge}", ("target", asked, *PROJECTS))
        self._judge = judge
        self._found: list[Compared] = []

    def add(self, target: Target, asked: str, compared: Mapping[str, Compared | None]) -> None:
        """Add a row; fails with the differences that have no explanation."""
        self.table.rows.append((target.label, asked, *(str(compared[name] or "outside") for name in PROJECTS)))
        found = [each for each in compared.values() if each]
        self._found += found
        self.table.notes += [f"{target.label}: {line}" for each in found for line in each.explained]
        wrong = [line for each in found for line in each.wrong]
        assert not wrong, "\n".join(wrong)

    def close(self) -> None:
        packages = sum(each.packages for each in self._found)
        without = sum(each.without for each in self._found)
        explained = sum(len(each.explained) for each in self._found)
        wrong = sum(len(each.wrong) for each in self._found)
        self.table.notes += [
            "Packages compared, in brackets those of which no wheel fits, for both; outside: not in requires-python.",
            f"{packages} choices in {len(self._found)} comparisons with {self._judge}; {without} times no wheel fits; "
            f"{explained} differences that are explained, {wrong} that are not.",
        ]


@pytest.fixture(scope="session")
def beside_uv(uv: Uv, tables: list[Table]) -> Iterator[Comparison]:
    comparison = Comparison(uv.version, "uv was asked with")
    tables.append(comparison.table)
    yield comparison
    comparison.close()


@pytest.fixture(scope="session")
def beside_pip(tables: list[Table]) -> Iterator[Comparison]:
    pip = pip_version()
    if not pip:
        pytest.skip("this Python has no pip")
    comparison = Comparison(f"{pip}, download", "--platform")
    tables.append(comparison.table)
    yield comparison
    comparison.close()


@pytest.mark.parametrize(("python", "platform"), TARGETS)
def test_uv_takes_the_same(python: str, platform: str, offered: dict[str, Lock], uv: Uv, beside_uv: Comparison) -> None:
    target = Target.parse({"python": python, "platform": platform})
    compared: dict[str, Compared | None] = dict.fromkeys(offered)
    for project, lock in offered.items():
        theirs: list[tuple[str, str | None]] = []
        for environment in target.environments(lock.requires):
            words = uv.words(target, environment["python_full_version"])
            theirs += uv.takes(lock.index, lock.requirements, words).items()
        if theirs:
            mine = [(each.name, each.filename) for each in ours(lock.lock, target)]
            compared[project] = compare("uv", lock, target, joined(mine), joined(theirs))
    beside_uv.add(target, uv.asked(target), compared)


@pytest.mark.parametrize(("python", "platform", "names"), PIP, ids=[f"{row[0]}-{row[1]}" for row in PIP])
def test_pip_takes_the_same(
    python: str, platform: str, names: list[str], offered: dict[str, Lock], tmp_path: Path, beside_pip: Comparison
) -> None:
    """pip has no markers for another machine, so it is given the packages that we take."""
    target = Target.parse({"python": python, "platform": platform})
    digits = "".join(python.split(".")[:2])
    words = ["--python-version", python, "--implementation", "cp", "--abi", f"cp{digits}"]
    words += [word for name in names for word in ("--platform", name)]

    def asked(lock: Lock) -> Compared | None:
        if not target.environments(lock.requires):
            return None
        mine = ours(lock.lock, target)
        pins = [exactly(f"{each.name}=={each.version}", lock.lock.packages) for each in mine]
        theirs = pip_takes(lock.index, pins, tmp_path / lock.project, words)
        return compare("pip", lock, target, joined((each.name, each.filename) for each in mine), joined(theirs.items()))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compared = dict(zip(offered, pool.map(asked, offered.values())))
    beside_pip.add(target, names[0] + (" …" if names[1:] else ""), compared)


def test_a_difference_needs_its_reason_and_a_reason_its_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target.parse({"python": "3.11.2", "platform": "linux"})
    lock = Lock("genmod", Pylock.from_dict({"lock-version": "1.0", "created-by": "a test", "packages": []}), Path(), "")
    one, other = {"a": "a-1-py3-none-any.whl", "b": "-"}, {"a": "a-1-cp311-abi3-linux_x86_64.whl", "b": "-"}
    assert compare("uv", lock, target, one, other).wrong == [
        "genmod: a: ours a-1-py3-none-any.whl, uv's a-1-cp311-abi3-linux_x86_64.whl"
    ]
    key = ("uv", "genmod", target.label)
    monkeypatch.setitem(DIFFERENCES, (*key, "a"), "because")
    assert compare("uv", lock, target, one, other).wrong == []
    assert str(compare("uv", lock, target, one, other)) == "2 (1) ≠1"
    assert "is explained" in compare("uv", lock, target, one, one).wrong[0]


def test_what_is_explained_is_compared() -> None:
    """An explanation for a target or lock that is gone is gone too."""
    labels = {f"{row[0]}-{row[1]}" for row in [*TARGETS, *PIP]}
    assert [key for key in DIFFERENCES if key[1] not in PROJECTS or key[2] not in labels] == []
