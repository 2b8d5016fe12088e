# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels that machines of other kinds build: what they are sent, and what comes back."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, PYTHON, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.playing import LOCAL, Playing
from ansible_collections.airgap.uv.tests.unit.support.projects import lock, replace_in, uv_executable
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import C_SOURCE, leaves_mark, make_sdist, runs, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

BUILDER = f"{ARCH}-manylinux_2_17"
NEWER = f"{ARCH}-manylinux_2_18"
OLD = {"python": PYTHON, "platform": BUILDER}
LESS_OLD = {"python": PYTHON, "platform": NEWER}
OLD_LABEL = f"{PYTHON}-{BUILDER}"
# What is compiled on this machine runs there, whichever C library it has.
NEWEST = {"python": PYTHON, "platform": f"{ARCH}-manylinux_2_99"}

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


class Collects(Collect):
    """`mark` tells of each build of the sdist `delta`, wherever it was."""

    def __init__(self, folder: Path, index: Index) -> None:
        super().__init__(folder, index)
        self.mark = folder / "mark"
        self.playing = Playing(folder / "playing")
        self.playing.variables = dict(LOCAL)

    @property
    def options(self) -> dict[str, Any]:
        return {**super().options, "builders": [BUILDER], "targets": [OLD]}

    def build(self, result: Result) -> list[dict[str, Any]]:
        """What uv_build makes of each entry of `to_build`, as the option `built` takes it back."""
        return [self._built(wanted) for wanted in result["to_build"]]

    def _built(self, wanted: dict[str, Any]) -> dict[str, Any]:
        options = {name: wanted[name] for name in ("hash", "subdirectory", "name", "version") if wanted[name]}
        recipe = {name: wanted["recipe"][name] for name in ("environment", "config_settings", "constraints")}
        common = {"source": wanted["file"], "python": PYTHON, "uv_executable": str(uv_executable())}
        common["index"] = wanted["index"]
        told = self.playing.run(
            "airgap.uv.uv_build", {**common, **options, **recipe, "dest": str(self.folder / "came")}
        )
        assert not told["failed"], told["msg"]
        source = wanted["source"].get("sha256") or wanted["source"]["commit"]
        wheel = {"path": told["wheel"]["path"], "hash": f"sha256:{told['wheel']['sha256']}"}
        return {**wheel, "source": source, "builder": wanted["builder"], "record": told["record"]}

    @property
    def runs(self) -> int:
        return runs(self.mark)


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collects:
    return Collects(tmp_path, index)


@needs_compiler
def test_an_sdist_goes_to_its_builder_and_the_wheel_is_kept(collect: Collects) -> None:
    native = {"delta/_native.c": f"#include <Python.h>\n{C_SOURCE}"}
    sdist = make_sdist(collect.index.folder, "delta", files=native, prelude=leaves_mark(collect.mark))
    collect.make("delta")
    ahead = collect.succeed(check=True)
    assert [(each["name"], each["builder"], each["file"]) for each in ahead["to_build"]] == [("delta", BUILDER, None)]
    assert not collect.wheelhouse.exists()
    # Both are older than this machine, or their builder's very platform.
    first = collect.succeed(targets=[LESS_OLD, OLD])
    (wanted,) = first["to_build"]
    assert wanted["targets"] == [f"{PYTHON}-{NEWER}", OLD_LABEL]
    assert (wanted["hash"], Path(wanted["file"]).name) == (f"sha256:{sha256(sdist)}", sdist.name)
    assert wanted["index"] == collect.index.url
    assert (first["stage"]["release"], first["obstacles"], collect.runs) == (None, [], 0)

    built = collect.build(first)
    before = collect.runs
    assert before > 0
    second = collect.succeed(targets=[LESS_OLD, OLD], built=built)
    assert (second["to_build"], second["changed"]) == ([], True)
    (wheel,) = [wheel for wheel in second["wheels"] if wheel["name"] == "delta"]
    assert wheel["targets"] == sorted([f"{PYTHON}-{NEWER}", OLD_LABEL])
    assert wheel["origin"]["sha256"] == sha256(sdist)
    assert wheel["origin"]["built"]["python"] == PYTHON
    assert wheel["origin"]["built"]["platform"].startswith(f"{ARCH}-manylinux_2_")
    assert second["stage"]["release"]
    # The next run asks nobody, nor does one for other hosts of that kind.
    third = collect.succeed(targets=[OLD])
    assert (third["to_build"], third["changed"], third["stage"]["release"]) == ([], False, second["stage"]["release"])
    assert collect.runs == before


def test_pure_python_from_a_builder_serves_all(collect: Collects) -> None:
    make_sdist(collect.index.folder, "delta", prelude=leaves_mark(collect.mark))
    collect.make("delta")
    other = {"python": "3.9", "platform": f"{ARCH}-unknown-linux-musl"}
    built = collect.build(collect.succeed(targets=[OLD]))
    before = collect.runs
    assert before > 0
    result = collect.succeed(targets=[NEWEST, OLD, other], built=built)
    assert (result["to_build"], collect.runs) == ([], before)
    (wheel,) = [wheel for wheel in result["wheels"] if wheel["name"] == "delta"]
    assert len(wheel["targets"]) == 3


def test_a_local_package_without_compiled_code_is_built_here(collect: Collects) -> None:
    collect.make(packaged=True)
    result = collect.succeed()
    assert (result["to_build"], result["stats"]["built"]) == ([], 1)
    elsewhere = collect.succeed(builders=[], wheelhouse=collect.folder / "other", stage={"path": collect.folder / "s"})
    assert elsewhere["stage"]["release"] == result["stage"]["release"]


@needs_compiler
def test_one_with_compiled_code_is_packed(collect: Collects) -> None:
    native = {"app/_native.c": f"#include <Python.h>\n{C_SOURCE}", "left/.venv/x": "1"}
    collect.make(packaged=True, files=native)
    result = collect.succeed()
    (wanted,) = result["to_build"]
    with tarfile.open(wanted["file"]) as tar:
        assert "source/app/_native.c" in tar.getnames()
        assert not [name for name in tar.getnames() if ".venv" in name]
    assert f"sha256:{sha256(Path(wanted['file']))}" == wanted["hash"]
    again = collect.succeed()
    assert (again["to_build"][0]["hash"], again["stats"]["built"]) == (wanted["hash"], 0)
    second = collect.succeed(built=collect.build(result))
    assert second["stage"]["release"]
    assert not list((collect.wheelhouse / ".cache/sources").glob("*"))
    manifest = json.loads((collect.wheelhouse / "wheelhouse.json").read_text(encoding="utf-8"))
    assert [wheel["origin"]["built"]["python"] for wheel in manifest["wheels"]] == [PYTHON]


VERSION_OF_GIT = """
if not os.path.exists("VERSION"):
    said = subprocess.run(["git", "describe", "--tags"], capture_output=True, text=True)
    if said.returncode:
        sys.exit("no version")
    open("VERSION", "w").write(said.stdout)
"""


@pytest.fixture
def versioned_by_git(collect: Collects) -> Callable[[bool], None]:
    """Makes a compiled package without another version than its tag, 2.5; no sdist can be made of one that `fails`."""

    def make(fails: bool) -> None:
        native = {"app/_native.c": f"#include <Python.h>\n{C_SOURCE}", ".gitignore": "VERSION\n"}
        make_wheel(collect.index.folder, "setuptools-scm", "8.0")
        collect.make(packaged=True, files=native, prelude=VERSION_OF_GIT)
        replace_in(collect.project / "pyproject.toml", 'version = "0.1.0"', 'dynamic = ["version"]')
        (collect.project / "VERSION").write_text("2.5")
        lock(collect.project)
        (collect.project / "VERSION").unlink()
        replace_in(collect.project / "pyproject.toml", "requires = []", 'requires = ["setuptools-scm"]')
        if fails:
            replace_in(collect.project / "backend.py", "def build_sdist(", "def no_sdist(")
        commit(collect.project, {}, tag="2.5")

    return make


@needs_compiler
@needs_git
def test_a_version_in_git_history_goes_along(collect: Collects, versioned_by_git: Callable[[bool], None]) -> None:
    versioned_by_git(False)
    first = collect.succeed()
    (wanted,) = first["to_build"]
    assert (Path(wanted["file"]).name, wanted["subdirectory"]) == ("app-2.5.tar.gz", "")
    assert wanted["hash"] == f"sha256:{sha256(Path(wanted['file']))}"
    second = collect.succeed(built=collect.build(first))
    (wheel,) = second["wheels"]
    assert (wheel["version"], second["to_build"]) == ("2.5", [])
    assert second["stage"]["release"].startswith("2.5-")
    third = collect.succeed()
    assert (third["to_build"], third["changed"]) == ([], False)


@needs_compiler
@needs_git
@pytest.mark.parametrize("dynamic", [True, False])
def test_so_does_that_of_a_git_source(dynamic: bool, collect: Collects, tmp_path: Path) -> None:
    """Backends ask git for the files too, whoever tells the version."""
    make_wheel(collect.index.folder, "setuptools-scm", "8.0")
    native = {"gitted/_native.c": f"#include <Python.h>\n{C_SOURCE}", ".gitignore": "VERSION\n"}
    tree = source_tree("gitted", "2.5", build_requires=["setuptools-scm"], prelude=VERSION_OF_GIT, files=native)
    if dynamic:
        tree["pyproject.toml"] = tree["pyproject.toml"].replace('version = "2.5"', 'dynamic = ["version"]', 1)
    commit(tmp_path / "repo", tree, tag="2.5")
    collect.make("gitted", extra=f'\n[tool.uv.sources]\ngitted = {{ git = "{(tmp_path / "repo").as_uri()}" }}\n')
    first = collect.succeed()
    (wanted,) = first["to_build"]
    assert (Path(wanted["file"]).name, wanted["version"]) == ("gitted-2.5.tar.gz", "2.5")
    second = collect.succeed(built=collect.build(first))
    assert [(wheel["name"], wheel["version"]) for wheel in second["wheels"]] == [("gitted", "2.5")]
    assert second["to_build"] == []


@needs_compiler
@needs_git
@pytest.mark.parametrize("build", ["here", "defer"])
def test_without_an_sdist_such_a_package_is_an_obstacle(
    build: str, collect: Collects, versioned_by_git: Callable[[bool], None]
) -> None:
    versioned_by_git(True)
    before = collect.snapshot()
    result = collect(build=build)
    assert (
        "its version is in its git history, which stays here, so an sdist is made of it for its builder: " in result.msg
    )
    assert "or bring a wheel (extra_wheels)" in result.msg
    assert collect.snapshot() == before


@pytest.mark.parametrize("partial", [True, False])
def test_what_could_not_be_built_is_an_obstacle(partial: bool, collect: Collects) -> None:
    make_sdist(collect.index.folder, "delta")
    collect.make("delta")
    (wanted,) = collect.succeed(targets=[OLD])["to_build"]
    entry = {name: wanted[name] for name in ("name", "builder", "python")}
    unbuilt = [{**entry, "source": wanted["source"]["sha256"], "reason": "the host cannot be reached."}]
    musl = {"python": PYTHON, "platform": f"{ARCH}-unknown-linux-musl"}
    result = collect(targets=[OLD, musl], unbuilt=unbuilt, partial=partial)
    (found,) = result["obstacles"]
    assert (found["target"], found["package"]) == (OLD_LABEL, "delta 1.0")
    assert found["reason"].startswith(f"it could not be built on {BUILDER} (put that right, name another builder")
    assert found["reason"].endswith(": the host cannot be reached")
    assert result.failed is not partial


@needs_compiler
def test_what_a_builder_lacks_the_python_for_is_built_here_where_that_serves(collect: Collects) -> None:
    native = {"delta/_native.c": f"#include <Python.h>\n{C_SOURCE}"}
    make_sdist(collect.index.folder, "delta", files=native)
    collect.make("delta")
    for target, served in ((NEWEST, True), (OLD, False)):
        options = {"targets": [target], "builders": [target["platform"]]}
        (wanted,) = collect.succeed(**options)["to_build"]
        entry = {name: wanted[name] for name in ("name", "builder", "python")}
        entry.update(source=wanted["source"]["sha256"], reason="it has no Python.", lacks_python=True)
        result = collect(**options, unbuilt=[entry])
        assert result.failed is not served
        assert served or "it could not be built on" in result.msg
    again = collect.succeed(targets=[NEWEST], builders=[NEWEST["platform"]])
    assert (again["to_build"], again["changed"]) == ([], False)


@needs_compiler
def test_what_this_machine_can_serve_is_built_here_and_one_wheel_of_a_name_is_for_all(collect: Collects) -> None:
    native = {"delta/_native.c": f"#include <Python.h>\n{C_SOURCE}"}
    sdist = make_sdist(collect.index.folder, "delta", files=native, prelude=leaves_mark(collect.mark))
    collect.make("delta")
    options = {"targets": [NEWEST, OLD]}
    first = collect.succeed(**options)
    (wanted,) = first["to_build"]
    assert (wanted["targets"], first["stats"]["built"], first["stage"]["release"]) == ([OLD_LABEL], 1, None)
    (here,) = [wheel for wheel in first["wheels"] if wheel["name"] == "delta"]
    # The builder's is another: it says where it was made.
    came = make_wheel(collect.folder / "came", "delta", tag=here["filename"][len("delta-1.0-") : -len(".whl")])
    built = [{"path": came, "hash": f"sha256:{sha256(came)}", "source": sha256(sdist), "builder": BUILDER}]
    second = collect.succeed(**options, built=built)
    (wheel,) = [wheel for wheel in second["wheels"] if wheel["name"] == "delta"]
    assert (len(wheel["targets"]), second["to_build"]) == (2, [])
    assert second["stage"]["release"]
    third = collect.succeed(**options)
    assert (third["wheels"], third["changed"]) == (second["wheels"], False)


@needs_compiler
def test_what_fails_here_goes_to_a_builder_that_suits(collect: Collects) -> None:
    native = {"delta/_native.c": f"#include <Python.h>\n{C_SOURCE}"}
    fails = "import os\nif 'THERE' not in os.environ:\n    raise SystemExit('no library here')\n"
    make_sdist(collect.index.folder, "delta", files=native, prelude=fails + leaves_mark(collect.mark))
    collect.make("delta")
    first = collect.succeed(targets=[NEWEST])
    (wanted,) = first["to_build"]
    assert (wanted["builder"], wanted["targets"], first["obstacles"]) == (
        BUILDER,
        [f"{PYTHON}-{NEWEST['platform']}"],
        [],
    )
    said = str(first["warnings"])
    assert "no library here" in said
    assert f"It is left to the builder {BUILDER}." in said
    entry = {name: wanted[name] for name in ("name", "builder", "python")}
    entry.update(source=wanted["source"]["sha256"], reason="web9: it has no Python.", lacks_python=True)
    refused = collect(targets=[NEWEST], unbuilt=[entry])
    assert f"it could be built neither here nor on {BUILDER} (put that right" in refused.msg

    wanted["recipe"]["environment"] = {"THERE": "1"}
    second = collect.succeed(targets=[NEWEST], built=collect.build(first))
    assert (second["to_build"], second["changed"]) == ([], True)
    assert second["stage"]["release"]
    third = collect.succeed(targets=[NEWEST])
    assert (third["to_build"], third["changed"], "warnings" in third.data) == ([], False, False)


def test_without_the_python_here_a_builder_is_asked(collect: Collects) -> None:
    make_sdist(collect.index.folder, "delta")
    collect.make("delta")
    target = {"python": "3.99", "platform": NEWEST["platform"]}
    for check in (True, False):
        result = collect.succeed(targets=[target], check=check)
        assert [(each["builder"], each["python"]) for each in result["to_build"]] == [(BUILDER, "3.99")]


def test_the_wheel_of_another_builder_is_not_taken(collect: Collects) -> None:
    make_sdist(collect.index.folder, "delta", extension=True)
    collect.make("delta")
    built = collect.build(collect.succeed())
    result = collect(built=[{**built[0], "builder": f"{ARCH}-manylinux_2_28"}])
    assert "is to be built from" in result.msg


def test_wheels_of_one_name_from_two_machines_are_one(collect: Collects, tmp_path: Path) -> None:
    """Else the staged lock would hold both, and a host's uv take the one that is not there."""
    sdist = make_sdist(collect.index.folder, "delta", extension=True)
    collect.make("delta")
    tag = f"cp39-abi3-linux_{ARCH}"
    wheels = [make_wheel(tmp_path / name, "delta", tag=tag, files={"delta/x": name}) for name in ("one", "two")]
    assert sha256(wheels[0]) != sha256(wheels[1])
    options = {"targets": [LESS_OLD, OLD], "builders": [NEWER]}
    assert [each["builder"] for each in collect.succeed(**options, build="defer")["to_build"]] == [None, NEWER]
    common = [{"path": wheel, "hash": f"sha256:{sha256(wheel)}", "source": sha256(sdist)} for wheel in wheels]
    result = collect.succeed(**options, built=[{**common[0], "builder": NEWER}, common[1]])
    (taken,) = [wheel for wheel in result["wheels"] if wheel["name"] == "delta"]
    assert len(taken["targets"]) == 2
    again = collect.succeed(**options)
    assert (again["wheels"], again["changed"]) == (result["wheels"], False)


def test_deferred_builds_have_their_archives_too(collect: Collects) -> None:
    sdist = make_sdist(collect.index.folder, "delta")
    collect.make("delta", packaged=True)
    told = {each["name"]: each for each in collect.succeed(build="defer", builders=[])["to_build"]}
    assert sha256(Path(told["delta"]["file"])) == sha256(sdist)
    assert told["app"]["builder"] is None
    assert Path(told["app"]["file"]).parent == collect.wheelhouse / ".cache/sources"
