# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.errors import ProofFailed
from ansible_collections.airgap.uv.plugins.module_utils.judge import Judge
from ansible_collections.airgap.uv.plugins.module_utils.plan import Taken
from ansible_collections.airgap.uv.plugins.module_utils.proof import Proof, Prover
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, run_command, uv_executable
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

GLIBC = "x86_64-manylinux_2_36"

# name, version, marker, tags of the wheels
PACKAGES: list[tuple[str, str, str, list[str]]] = [
    ("pure", "1.0", "", ["py3-none-any"]),
    ("abi", "1.0", "", ["cp39-abi3-manylinux2014_x86_64", "cp311-cp311-manylinux_2_28_x86_64"]),
    (
        "fast",
        "2.0",
        "",
        [
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp311-cp311-manylinux_2_34_x86_64",
            "cp311-cp311-manylinux_2_41_x86_64",
            "cp311-cp311-musllinux_1_2_x86_64",
            "cp311-cp311-win_amd64",
            "cp311-cp311-macosx_11_0_arm64",
            "cp313-cp313t-manylinux_2_17_x86_64",
            "pp310-pypy310_pp73-manylinux_2_17_x86_64",
        ],
    ),
    ("forked", "1.0", "python_full_version < '3.11.5'", ["py3-none-any"]),
    ("forked", "2.0", "python_full_version >= '3.11.5'", ["py3-none-any"]),
    ("torch", "2.1", "sys_platform != 'linux'", ["py3-none-any"]),
    ("torch", "2.1+cpu", "sys_platform == 'linux'", ["py3-none-any"]),
    ("kernel", "1.0", "platform_release == '6.1'", ["py3-none-any"]),
    ("winonly", "1.0", "platform_machine == 'AMD64'", ["py3-none-win_amd64"]),
]


class House:
    """A wheelhouse with a staged lock, as a collect leaves them, and a prover."""

    def __init__(self, folder: Path, run: Any = run_command) -> None:
        self.stage, self.wheels = folder / "stage", folder / "wheels"
        self.uv = Uv.find(str(uv_executable()), run, clean_environment(folder / "home"))
        self.temporary = folder / "temporary"

    def make(self) -> House:
        entries = [self._package(*each) for each in PACKAGES]
        names = [name for name, *_rest in PACKAGES]
        root = []
        for name, version, marker, _tags in PACKAGES:
            more = f', version = "{version}", source = {{ registry = "../../wheels" }}' if names.count(name) > 1 else ""
            root.append(f'{{ name = "{name}"{more}' + (f', marker = "{marker}"' if marker else "") + " }")
        text = 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "app-release"\nversion = "1"\n'
        text += f'source = {{ virtual = "." }}\ndependencies = [{", ".join(root)}]\n' + "".join(entries)
        self.stage.mkdir()
        (self.stage / "uv.lock").write_text(text, encoding="utf-8")
        project = '[project]\nname = "app-release"\nversion = "1"\nrequires-python = ">=3.9"\n'
        (self.stage / "pyproject.toml").write_text(project, encoding="utf-8")
        return self

    def _package(self, name: str, version: str, _marker: str, tags: list[str]) -> str:
        paths = [make_wheel(self.wheels, name, version, tag=tag) for tag in tags]
        wheels = ", ".join(f'{{ path = "{path.name}", hash = "sha256:{sha256(path)}" }}' for path in paths)
        head = f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        return f'{head}source = {{ registry = "../../wheels" }}\nwheels = [{wheels}]\n'

    def prove(self, taken: Mapping[Target, list[str]]) -> list[Proof]:
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        prover = Prover(Judge(self.uv), Wheelhouse.read(self.wheels), self.stage, self.temporary)
        return prover.prove(list(taken), [self._taken(name, target) for target in taken for name in taken[target]])

    def _taken(self, filename: str, target: Target) -> Taken:
        name, version = filename.split("-")[:2]
        return Taken(Wheel(name, version, filename, filename, 1, "0" * 64, {}), (target,), "")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path).make()


def target(python: str = "3.11.2", platform: str = GLIBC, **markers: str) -> Target:
    return Target.parse({"python": python, "platform": platform, "markers": markers})


def taken(fast: str, *more: str, abi: str = "cp311-cp311-manylinux_2_28_x86_64", torch: str = "2.1+cpu") -> list[str]:
    """File names: those that are the same for most targets, and the given one of `fast`."""
    names = ["pure-1.0-py3-none-any.whl", f"fast-2.0-{fast}.whl", f"abi-1.0-{abi}.whl"]
    return [*names, f"torch-{torch}-py3-none-any.whl", *(f"{name}-py3-none-any.whl" for name in more)]


OLD = "forked-1.0"
NEW = "forked-2.0"
WORKS = taken("cp311-cp311-manylinux_2_34_x86_64", OLD)

UV = ""
TAGS = "the order of tags, for uv has no words for this Python or platform"

PROVEN: list[tuple[Target, list[str], str]] = [
    (target(), WORKS, UV),
    (target("3.11.7"), taken("cp311-cp311-manylinux_2_34_x86_64", NEW), UV),
    (target("3.11"), taken("cp311-cp311-manylinux_2_34_x86_64", OLD, NEW), UV),
    (target(platform="x86_64-manylinux_2_29"), taken("cp311-cp311-manylinux_2_17_x86_64", OLD), UV),
    (
        target(platform="x86_64-manylinux_2_17"),
        taken("cp311-cp311-manylinux_2_17_x86_64", OLD, abi="cp39-abi3-manylinux2014_x86_64"),
        UV,
    ),
    (target(platform_release="6.1"), [*WORKS, "kernel-1.0-py3-none-any.whl"], UV),
    (target(platform_release="6.2"), WORKS, UV),
    (
        target(platform="x86_64-manylinux_2_41"),
        taken("cp311-cp311-manylinux_2_41_x86_64", OLD),
        "; the order of tags for fast, newer than what uv has a name for",
    ),
]


@pytest.mark.parametrize(("asked", "files", "by"), PROVEN, ids=[str(i) for i in range(len(PROVEN))])
def test_what_uv_takes_too(asked: Target, files: list[str], by: str, house: House) -> None:
    (proof,) = house.prove({asked: files})
    assert proof == Proof(asked.label, len(files), f"uv {house.uv.version}{by}")


OTHERS = [
    ("3.11.2", "windows", "cp311-cp311-win_amd64"),
    ("3.11.2", "macos", "cp311-cp311-macosx_11_0_arm64"),
    ("3.11.2", "x86_64-unknown-linux-musl", "cp311-cp311-musllinux_1_2_x86_64"),
    ("3.11.2", "x86_64-musllinux_1_3", "cp311-cp311-musllinux_1_2_x86_64"),
    ("3.13t", GLIBC, "cp313-cp313t-manylinux_2_17_x86_64"),
    ("pypy3.10", GLIBC, "pp310-pypy310_pp73-manylinux_2_17_x86_64"),
]


@pytest.mark.parametrize(("python", "platform", "fast"), OTHERS)
def test_every_kind_of_target(python: str, platform: str, fast: str, house: House) -> None:
    """uv is asked where it has words; 64-bit Windows has another name in uv than in Python."""
    make_wheel(house.wheels, "abi", tag="py3-none-any")
    text = (house.stage / "uv.lock").read_text(encoding="utf-8")
    own = house.wheels / "abi-1.0-py3-none-any.whl"
    more = f'{{ path = "{own.name}", hash = "sha256:{sha256(own)}" }}, '
    (house.stage / "uv.lock").write_text(text.replace('{ path = "abi', f'{more}{{ path = "abi', 1), encoding="utf-8")
    forked = [OLD] if python in ("3.11.2", "pypy3.10") else [NEW]
    files = taken(fast, *forked, abi="py3-none-any", torch="2.1" if "linux" not in platform else "2.1+cpu")
    files += ["winonly-1.0-py3-none-win_amd64.whl"] if platform == "windows" else []
    (proof,) = house.prove({target(python, platform): files})
    assert proof.by == (TAGS if python in ("3.13t", "pypy3.10") else f"uv {house.uv.version}")


def test_a_proof_is_made_once(house: House) -> None:
    first = house.prove({target(): WORKS})
    (kept,) = (house.wheels / ".cache" / "proofs").iterdir()
    kept.write_text(json.dumps(dataclasses.asdict(Proof("kept", 1, "an earlier run"))), encoding="utf-8")
    assert [proof.by for proof in house.prove({target(): WORKS})] == ["an earlier run"]
    kept.write_text("{", encoding="utf-8")
    assert house.prove({target(): WORKS}) == first
    (house.wheels / "fast-2.0-cp311-cp311-win_amd64.whl").unlink()
    assert house.prove({target(): WORKS}) == first
    assert len(list((house.wheels / ".cache" / "proofs").iterdir())) == 2


def failing(house: House, files: Mapping[Target, list[str]]) -> ProofFailed:
    """The error; nothing is kept of a proof that failed, nor of those beside it."""
    with pytest.raises(ProofFailed) as caught:
        house.prove(files)
    assert not (house.wheels / ".cache" / "proofs").exists()
    return caught.value


def test_a_wheel_that_is_gone_or_was_tampered_with(house: House) -> None:
    (house.wheels / "pure-1.0-py3-none-any.whl").unlink()
    tamper(house.wheels / "torch-2.1+cpu-py3-none-any.whl")
    error = failing(house, {target(): WORKS})
    for package in ("pure 1.0", "torch 2.1+cpu"):
        said = f"{package} for {target().label}: no wheel that fits is there with the bytes that the lock names"
        assert said in str(error)
    assert len(error.problems) == 2


def test_one_that_is_gone_and_another_that_fits(house: House) -> None:
    """The next best is there, but it is not what was collected."""
    gone, best = (f"fast-2.0-cp311-cp311-manylinux_2_{glibc}_x86_64.whl" for glibc in (34, 17))
    (house.wheels / gone).unlink()
    assert f"fast 2.0 for {target().label}: {gone} was collected, the order of tags takes {best}" in str(
        failing(house, {target(): WORKS})
    )


CHOSEN = [
    (taken("cp311-cp311-manylinux_2_17_x86_64", OLD), ["fast 2.0", "manylinux_2_17", "manylinux_2_34"]),
    (taken("cp311-cp311-manylinux_2_34_x86_64", NEW), ["forked", "forked-1.0", "forked-2.0"]),
    (
        taken("cp311-cp311-manylinux_2_34_x86_64", OLD, NEW),
        ["forked 1.0", "forked-2.0-py3-none-any.whl was collected", "takes nothing"],
    ),
    (taken("cp311-cp311-manylinux_2_34_x86_64"), ["forked 1.0", "nothing was collected", "takes forked-1.0"]),
    ([*WORKS, "kernel-1.0-py3-none-any.whl"], ["kernel", "kernel-1.0-py3-none-any.whl was collected"]),
]


@pytest.mark.parametrize(("files", "named"), CHOSEN)
def test_a_choice_that_is_another(files: list[str], named: list[str], house: House) -> None:
    error = failing(house, {target(): files})
    for each in [*named, target().label]:
        assert each in str(error)
    assert error.facts()["problems"][0]["target"] == target().label


def test_all_targets_are_told_together(house: House) -> None:
    error = failing(house, {target(): [], target("3.11.7"): []})
    assert {problem["target"] for problem in error.problems} == {target().label, target("3.11.7").label}


Answer = Callable[[int, str, str], "tuple[int, str, str]"]


def answering(change: Answer) -> Any:
    """A uv that answers something else when it is asked what it takes."""

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        found = run_command(argv, cwd, env)
        return change(*found) if "install" in argv else found

    return run


SILENT: list[tuple[Answer, str]] = [
    (
        lambda rc, out, err: (0, out, err.replace("Selecting:", "Taking:")),
        "finds wheels for all, and does not tell which",
    ),
    (
        lambda rc, out, err: (2, "", "error: invalid value 'x' for '--python-platform <P>'"),
        "could not be asked: error: invalid",
    ),
    (lambda rc, out, err: (2, "", "DEBUG noise\nerror: a fault of its own"), "could not be asked: error: a fault"),
]


@pytest.mark.parametrize(("change", "by"), SILENT)
def test_a_uv_that_cannot_tell(change: Answer, by: str, tmp_path: Path) -> None:
    (proof,) = House(tmp_path, answering(change)).make().prove({target(): WORKS})
    assert proof.by.startswith("the order of tags")
    assert by in proof.by


OBJECTS: list[tuple[Answer, list[str]]] = [
    (
        lambda rc, out, err: (0, out, err.replace("manylinux_2_34", "manylinux_2_17")),
        [
            "fast 2.0",
            "fast-2.0-cp311-cp311-manylinux_2_34_x86_64.whl was collected",
            "uv",
            "takes fast-2.0-cp311-cp311-manylinux_2_17",
        ],
    ),
    (
        lambda rc, out, err: (1, "", "DEBUG noise\nerror: No solution found"),
        ["the staged project", "No solution found"],
    ),
    (lambda rc, out, err: (0, out, err.replace("Selecting: pure", "Taking: pure")), ["pure 1.0", "takes nothing"]),
]


@pytest.mark.parametrize(("change", "named"), OBJECTS)
def test_a_uv_that_disagrees(change: Answer, named: list[str], tmp_path: Path) -> None:
    error = failing(House(tmp_path, answering(change)).make(), {target(): WORKS})
    for each in named:
        assert each in str(error)
    assert "DEBUG" not in str(error)


@pytest.fixture
def deployment_target(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It would make uv take `macos` for another version."""
    monkeypatch.setenv("MACOSX_DEPLOYMENT_TARGET", "10.9")
    yield


@pytest.mark.usefixtures("deployment_target")
def test_a_variable_that_changes_what_a_platform_means(house: House) -> None:
    test_every_kind_of_target("3.11.2", "macos", "cp311-cp311-macosx_11_0_arm64", house)
