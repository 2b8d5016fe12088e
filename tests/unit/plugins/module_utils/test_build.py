# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.build import (
    Build,
    LocalPackage,
    Sdist,
    fits,
    history,
)
from ansible_collections.airgap.uv.plugins.module_utils.builder import Builder, Unbuildable
from ansible_collections.airgap.uv.plugins.module_utils.builders import NOBODY
from ansible_collections.airgap.uv.plugins.module_utils.controller import Machine
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Pyproject
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns, SourceTree
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Workshop
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    make_project,
    run_command,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import backend, leaves_mark, make_sdist, runs
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

PYTHON = ".".join(map(str, sys.version_info[:2]))
ARCH = os.uname().machine
X86 = "x86_64-manylinux_2_36"


def target(python: str = PYTHON) -> Target:
    return Target.parse({"python": python, "platform": f"{ARCH}-manylinux_2_36"})


class Here:
    """A builder with its wheelhouse."""

    def __init__(self, folder: Path) -> None:
        environment = clean_environment(folder / "home")
        self.uv = Uv.find(str(uv_executable()), run_command, environment)
        self.house = Wheelhouse.read(folder / "wheelhouse")
        workshop = Workshop(self.uv.path, lambda limits: run_command, 60.0, environ=environment)
        self.builder = Builder(self.uv, workshop, lambda build: Recipe(), self.house, ARCH)

    def build(self, build: Build) -> Any:
        with self.house.temporary() as temporary:
            return self.builder.build(build, temporary)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def of_sdist(path: Path, name: str = "alpha", version: str | None = "1.0", **more: Any) -> Build:
    source = Sdist(path.name, sha256(path), f"https://index.test/files/{path.name}", path)
    return Build(name, version, source, more.pop("python", PYTHON), (target(),))


def of_folder(folder: Path, name: str = "app", version: str | None = "0.1.0", part: str = ".") -> Build:
    tree = SourceTree.read(folder, Patterns(), run_command, dict(os.environ))
    return Build(name, version, LocalPackage.read(tree, part, ""), PYTHON, (target(),))


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_a_wheel_from_an_sdist(kind: str, here: Here, tmp_path: Path) -> None:
    path = make_sdist(tmp_path / "src", "alpha", kind=kind)
    wheel = here.build(of_sdist(path))
    assert (wheel.name, wheel.version, wheel.filename) == ("alpha", "1.0", "alpha-1.0-py3-none-any.whl")
    assert wheel.path == f"{wheel.sha256[:12]}/{wheel.filename}"
    assert here.house.whole(wheel.path, wheel.sha256)
    assert wheel.origin == {
        "kind": "sdist",
        "url": f"https://index.test/files/{path.name}",
        "sha256": sha256(path),
        "built": {"python": PYTHON, "uv": str(here.uv.version)},
    }
    assert list((here.house.cache / "tmp").glob("*")) == []


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_c_extension(here: Here, tmp_path: Path) -> None:
    wheel = here.build(of_sdist(make_sdist(tmp_path / "src", "alpha", extension=True)))
    assert wheel.filename.endswith(f"-linux_{ARCH}.whl")


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_wheel_for_the_stable_abi_serves_later_pythons_too(here: Here, tmp_path: Path) -> None:
    stable = backend().replace('tag = python + "-" + python + "-linux_"', 'tag = "cp39-abi3-linux_"')
    sdist = make_sdist(tmp_path / "src", "alpha", extension=True, files={"backend.py": stable})
    wheel = here.build(of_sdist(sdist))
    later = dataclasses.replace(of_sdist(sdist), python="3.99", targets=(target("3.99"),))
    earlier = dataclasses.replace(later, python="3.8", targets=(target("3.8"),))
    assert wheel.filename == f"alpha-1.0-cp39-abi3-linux_{ARCH}.whl"
    assert here.builder.reuse(later) == wheel
    assert here.builder.reuse(earlier) is None
    assert here.builder.reuse(dataclasses.replace(later, builder=f"{ARCH}-manylinux_2_28")) is None


def test_a_build_is_not_done_twice(here: Here, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    build = of_sdist(make_sdist(tmp_path / "src", "alpha", prelude=leaves_mark(mark)))
    assert here.builder.reuse(build) is None
    wheel = here.build(build)
    before = runs(mark)
    assert Here(tmp_path).builder.reuse(build) == wheel
    assert runs(mark) == before > 0


def spoil(kind: str, here: Here, wheel: Any) -> None:
    records = list((here.house.cache / "builds").iterdir())
    if kind == "the wheel was tampered with":
        tamper(here.house.path / wheel.path)
    elif kind == "the wheel is gone":
        (here.house.path / wheel.path).unlink()
    else:
        texts = {"a broken record": "{", "an empty record": "", "a foreign record": '{"name": "x"}', "a list": "[]"}
        for record in records:
            record.write_text(texts[kind], encoding="utf-8")


SPOILED = [
    "the wheel was tampered with",
    "the wheel is gone",
    "a broken record",
    "an empty record",
    "a foreign record",
    "a list",
]


@pytest.mark.parametrize("kind", SPOILED)
def test_what_is_not_whole_is_not_reused(kind: str, here: Here, tmp_path: Path) -> None:
    build = of_sdist(make_sdist(tmp_path / "src", "alpha"))
    wheel = here.build(build)
    spoil(kind, here, wheel)
    assert Here(tmp_path).builder.reuse(build) is None
    again = here.build(build)
    assert again.sha256 == wheel.sha256
    assert here.house.whole(again.path, again.sha256)


def test_a_record_that_names_a_file_outside(here: Here, tmp_path: Path) -> None:
    build = of_sdist(make_sdist(tmp_path / "src", "alpha"))
    wheel = here.build(build)
    shutil.copy(here.house.path / wheel.path, tmp_path / "outside.whl")
    (record,) = (here.house.cache / "builds").iterdir()
    record.write_text(json.dumps({**wheel.as_dict(), "path": "../outside.whl"}), encoding="utf-8")
    assert here.builder.reuse(build) is None


def test_a_wheel_for_one_python_is_not_another_s(here: Here, tmp_path: Path) -> None:
    """It may be pure all the same."""
    path = make_sdist(tmp_path, "alpha")
    source = Sdist(path.name, sha256(path), f"https://index.test/files/{path.name}", path)
    older, newer = (Build("alpha", "1.0", source, python, (target(python),)) for python in ("3.11", "3.12"))
    out = tmp_path / "out"
    for_newer = here.builder.take(newer, make_wheel(out, "alpha", tag="py312-none-any"), {})
    assert here.builder.reuse(older) is None
    for_older = here.builder.take(older, make_wheel(out, "alpha", tag="py311-none-any"), {})
    assert (here.builder.reuse(older), here.builder.reuse(newer)) == (for_older, for_newer)
    generic = here.builder.take(newer, make_wheel(out, "alpha"), {})
    assert (here.builder.reuse(older), here.builder.reuse(newer)) == (generic, generic)


def test_a_wheel_for_a_newer_glibc_is_not_an_older_one_s(here: Here, tmp_path: Path) -> None:
    path = make_sdist(tmp_path, "alpha")
    build = of_sdist(path)
    python = f"cp{PYTHON.replace('.', '')}"
    wheel = here.builder.take(build, make_wheel(tmp_path, "alpha", tag=f"{python}-{python}-manylinux_2_36_{ARCH}"), {})
    assert here.builder.reuse(build) == wheel
    old = Target.parse({"python": PYTHON, "platform": f"{ARCH}-manylinux_2_17"})
    assert here.builder.reuse(dataclasses.replace(build, targets=(*build.targets, old))) is None


@pytest.mark.parametrize(("tag", "both"), [("py3-none-any", True), ("py312-none-any", False), ("py311-none-any", True)])
def test_a_wheel_fits_when_every_target_takes_it(tag: str, both: bool) -> None:
    assert fits(f"alpha-1.0-{tag}.whl", [target("3.11"), target("3.12")]) is both


def test_another_sdist_of_the_same_name_is_built(here: Here, tmp_path: Path) -> None:
    here.build(of_sdist(make_sdist(tmp_path / "one", "alpha")))
    assert here.builder.reuse(of_sdist(make_sdist(tmp_path / "two", "alpha", files={"alpha/x.py": "x = 1\n"}))) is None


WRONG = [
    ({"name": "beta"}, "its name is alpha, the lock says beta"),
    ({"version": "2.0"}, r"its version is 1\.0, the lock says 2\.0"),
]


@pytest.mark.parametrize(("asked", "said"), WRONG)
def test_a_build_that_gives_something_else(asked: dict[str, str], said: str, here: Here, tmp_path: Path) -> None:
    build = of_sdist(make_sdist(tmp_path / "src", "alpha"), **asked)
    with pytest.raises(errors.BuiltWheelWrong, match=said):
        here.build(build)
    assert not list(here.house.path.rglob("*.whl"))


def test_bytes_depend_on_neither_clock_nor_place(tmp_path: Path) -> None:
    """The umask is the module's to set: tests/unit/plugins/modules."""
    path = make_sdist(tmp_path / "src", "alpha")
    digests = {Here(tmp_path / name).build(of_sdist(path)).sha256 for name in ("one", "two/with/more")}
    assert len(digests) == 1


def test_a_local_package_is_built_from_a_clean_copy(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", packaged=True, files={"app/deleted.py": "x = 1\n"})
    write_tree(project, {"build/lib/app/ghost.py": "", ".venv/x": "", "app.egg-info/PKG-INFO": ""})
    (project / "app" / "deleted.py").unlink()
    before = snapshot(project)
    wheel = here.build(of_folder(project))
    assert snapshot(project) == before
    names = zipfile.ZipFile(here.house.path / wheel.path).namelist()
    assert [name for name in names if ".dist-info" not in name] == ["app/__init__.py"]
    assert wheel.origin["kind"] == "directory"
    assert wheel.origin["path"] == "."


def test_two_checkouts_give_the_same_wheel(tmp_path: Path) -> None:
    digests = set()
    for umask in (0o022, 0o077):
        old = os.umask(umask)
        try:
            folder = tmp_path / f"{umask:o}"
            project = make_project(folder / "some" / "project", packaged=True)
            os.utime(project / "app" / "__init__.py", (umask * 1e6, umask * 1e6))
            digests.add(Here(folder).build(of_folder(project)).sha256)
        finally:
            os.umask(old)
    assert len(digests) == 1


def test_a_member_is_built_with_what_lies_beside_it(here: Here, tmp_path: Path) -> None:
    make_project(tmp_path / "project" / "packages" / "tools", name="tools", packaged=True)
    wheel = here.build(of_folder(tmp_path / "project", "tools", part="packages/tools"))
    assert wheel.filename == "tools-0.1.0-py3-none-any.whl"


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@index.test", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@pytest.mark.parametrize("backend", ["hatch-vcs", "setuptools"])
def test_a_version_from_history_in_a_shallow_clone(backend: str, here: Here, tmp_path: Path) -> None:
    text = f'[project]\nname = "app"\ndynamic = ["version"]\n[build-system]\nrequires = ["{backend}"]\n'
    origin = write_tree(tmp_path / "origin", {"pyproject.toml": text})
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "one")
    git(origin, "commit", "-qm", "two", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth", "1", origin.as_uri(), "clone")
    whole = history(origin, Pyproject.read(origin), here.uv)
    if backend == "setuptools":
        assert whole == history(tmp_path / "clone", Pyproject.read(tmp_path / "clone"), here.uv) == ""
        return
    assert whole
    with pytest.raises(errors.ShallowClone, match=rf"{tmp_path}/clone.*shallow.*git fetch --unshallow"):
        history(tmp_path / "clone", Pyproject.read(tmp_path / "clone"), here.uv)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@pytest.mark.parametrize("change", [["tag", "v2.0"], ["tag", "v2.0", "HEAD~1"], ["checkout", "-qb", "release-2"]])
def test_tags_that_a_moving_one_hides_are_history(change: list[str], here: Here, tmp_path: Path) -> None:
    """`git describe` tells one tag, and which one a backend goes by is the backend's affair."""
    text = '[project]\nname = "app"\ndynamic = ["version"]\n[build-system]\nrequires = ["setuptools-scm"]\n'
    project = write_tree(tmp_path / "project", {"pyproject.toml": text})
    git(project, "init", "-q")
    git(project, "add", ".")
    for words in (["commit", "-qm", "one"], ["commit", "-qm", "two", "--allow-empty"], ["tag", "nightly"]):
        git(project, *words)
    before = history(project, Pyproject.read(project), here.uv)
    assert history(project, Pyproject.read(project), here.uv) == before
    git(project, *change)
    assert history(project, Pyproject.read(project), here.uv) != before


HERE = Machine("linux", "x86_64", "glibc", "2.36")

SPLITS = [
    (["3.11.2", "3.11.7", "3.9.18", "3.13t"], [X86], {("3.11", ""): 2, ("3.13t", ""): 1, ("3.9", ""): 1}),
    (["3.11.2", "3.11.2"], [X86, "x86_64-manylinux_2_17"], {("3.11", ""): 2}),
    (
        ["3.11.2", "3.12.1"],
        ["aarch64-manylinux_2_36"],
        {("3.11", "linux aarch64 glibc"): 1, ("3.12", "linux aarch64 glibc"): 1},
    ),
    (
        ["3.11.2"] * 4,
        ["x86_64-unknown-linux-musl", "i686-manylinux_2_36", "macos", "windows"],
        {
            ("3.11", "linux x86_64 musl"): 1,
            ("3.11", "linux i686 glibc"): 1,
            ("3.11", "macos aarch64"): 1,
            ("3.11", "windows x86_64"): 1,
        },
    ),
    (["pypy3.10", "3.13d"], [X86], {("pypy3.10", ""): 1, ("3.13", ""): 1}),
]


@pytest.mark.parametrize(("pythons", "platforms", "wanted"), SPLITS)
def test_each_kind_of_machine_and_python_is_built_for_once(
    pythons: list[str], platforms: list[str], wanted: dict[tuple[str, str], int]
) -> None:
    asked = zip(pythons, platforms * len(pythons))
    targets = [Target.parse({"python": python, "platform": platform}) for python, platform in asked]
    found = {(each.python, each.elsewhere): len(each.targets) for each in NOBODY.split(targets, HERE)}
    assert found == wanted


def for_another_machine(build: Build, platform: str = "aarch64-manylinux_2_36") -> Build:
    other = Target.parse({"python": PYTHON, "platform": platform})
    return dataclasses.replace(build, targets=(other,), elsewhere="linux aarch64 glibc")


def test_a_wheel_without_compiled_code_serves_another_machine(here: Here, tmp_path: Path) -> None:
    build = for_another_machine(of_sdist(make_sdist(tmp_path / "src", "alpha")))
    with here.house.temporary() as temporary:
        assert here.builder.build_pure(build, temporary, keep=False) is None
        assert here.builder.reuse(build) is None
        assert here.builder.note(build) is True
        wheel = here.builder.build_pure(build, temporary)
    assert wheel == here.builder.reuse(build)
    assert isinstance(wheel, Wheel)
    assert wheel.filename == "alpha-1.0-py3-none-any.whl"


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_wheel_with_compiled_code_does_not(here: Here, tmp_path: Path) -> None:
    build = for_another_machine(of_sdist(make_sdist(tmp_path / "src", "alpha", extension=True)))
    with here.house.temporary() as temporary:
        found = here.builder.build_pure(build, temporary)
    assert isinstance(found, Unbuildable)
    assert here.builder.note(build) == found
    assert here.builder.reuse(build) is None
    (obstacle,) = found.obstacles(build)
    assert obstacle.package == "alpha 1.0"
    for words in ("linux aarch64 glibc", "extra_wheels", "build: defer", f"-linux_{ARCH}.whl, for this machine alone"):
        assert words in obstacle.reason


def test_a_build_for_another_machine_that_fails(here: Here, tmp_path: Path) -> None:
    """It is tried again, for what the build needs may be there by then; no credential is told."""
    source = make_sdist(
        tmp_path / "src", "alpha", prelude="raise SystemExit('nothing at https://me:secret@index.test/')"
    )
    build = for_another_machine(of_sdist(source))
    with here.house.temporary() as temporary:
        found = here.builder.build_pure(build, temporary)
    assert isinstance(found, Unbuildable)
    assert found.reason.startswith(f"building it with Python {PYTHON} failed (nothing at https://")
    assert "secret" not in found.reason
    assert here.builder.note(build) is False


def test_a_python_that_is_not_here(here: Here, tmp_path: Path) -> None:
    assert here.builder.has_python(PYTHON)
    assert not here.builder.has_python("3.99")
    build = dataclasses.replace(of_sdist(make_sdist(tmp_path / "src", "alpha"), python="3.99"), elsewhere="another")
    with here.house.temporary() as temporary:
        found = here.builder.build_pure(build, temporary)
        assert isinstance(found, Unbuildable)
        assert found.reason == "the controller has no Python 3.99 to build it with; install it there"
        usual = dataclasses.replace(here.builder, home=lambda: PYTHON)
        assert isinstance(usual.build_pure(build, temporary), Wheel)
