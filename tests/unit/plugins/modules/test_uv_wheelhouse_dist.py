# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels of the project's own packages that were built before, in a folder such as `dist/`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, LABEL, PYTHON, TARGET, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import lock, replace_in, write_tree
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit, git
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import leaves_mark, runs, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """A project and a member of its workspace, whose builds leave a mark."""
    make_wheel(index.folder, "alpha")
    made = Collect(tmp_path, index)
    extra = '\n[tool.uv.workspace]\nmembers = ["lib"]\n[tool.uv.sources]\nlib = { workspace = true }\n'
    library = source_tree("lib", prelude=leaves_mark(tmp_path / "lib-built"))
    made.make(
        "alpha",
        "lib",
        packaged=True,
        prelude=leaves_mark(tmp_path / "app-built"),
        extra=extra,
        files={f"lib/{path}": text for path, text in library.items()},
    )
    return made


def dist(collect: Collect) -> Path:
    return collect.project / "dist"


def built(collect: Collect) -> list[str]:
    """Which of the two were built."""
    return [name for name in ("app", "lib") if runs(collect.folder / f"{name}-built")]


def origins(result: Result) -> dict[str, Any]:
    return {wheel["name"]: wheel["origin"] for wheel in result["wheels"]}


def test_what_is_there_is_not_built(collect: Collect) -> None:
    wheel = make_wheel(dist(collect), "app", "0.1.0", requires=["alpha", "lib"])
    make_wheel(dist(collect), "alpha", files={"alpha/other.py": ""})
    result = collect.succeed(dist=dist(collect))
    assert built(collect) == ["lib"]
    assert origins(result)["app"] == {"kind": "path", "path": "dist/app-0.1.0-py3-none-any.whl"}
    assert [origins(result)[name]["kind"] for name in ("alpha", "lib")] == ["index", "directory"]
    assert next(each["sha256"] for each in result["wheels"] if each["name"] == "app") == sha256(wheel)
    assert [proof["packages"] for proof in result["proofs"]] == [3]
    assert collect.succeed(dist=dist(collect))["changed"] is False


def test_its_bytes_are_in_the_release_and_the_source_is_not(collect: Collect) -> None:
    make_wheel(dist(collect), "app", "0.1.0")
    first = collect.succeed(dist=dist(collect))["stage"]["release"]
    write_tree(collect.project, {"app/more.py": "x = 1\n"})
    assert collect.succeed(dist=dist(collect))["stage"]["release"] == first
    make_wheel(dist(collect), "app", "0.1.0", files={"app/more.py": "x = 1\n"})
    second = collect.succeed(dist=dist(collect), prune=True)
    assert second["stage"]["release"] != first
    assert second["removed"] == ["app-0.1.0-py3-none-any.whl"]
    assert collect.succeed()["stage"]["release"] not in (first, second["stage"]["release"])


def test_wheels_elsewhere_are_named_without_their_folder(collect: Collect) -> None:
    make_wheel(collect.folder / "artifacts", "app", "0.1.0")
    result = collect.succeed(dist=collect.folder / "artifacts")
    assert origins(result)["app"] == {"kind": "path", "path": "app-0.1.0-py3-none-any.whl"}


def test_what_else_lies_there_is_nobody_s_concern(collect: Collect) -> None:
    make_wheel(dist(collect), "app", "0.1.0")
    make_wheel(dist(collect), "lib", "1.0")
    (dist(collect) / "stranger-1.0-py3-none-any.whl").symlink_to("gone.whl")
    (dist(collect) / "another-1.0-py3-none-any.whl").mkdir()
    (dist(collect) / "backup of app.whl").touch()
    assert origins(collect.succeed(dist=dist(collect)))["app"]["kind"] == "path"


KINDS = ["absent", "empty", "of others", "no name", "folder", "dangling", "bad record", "bad name"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_cannot_be_meant(kind: str, collect: Collect) -> None:
    said = "there is no such folder"
    if kind != "absent":
        dist(collect).mkdir()
        said = "it holds no wheel"
    if kind == "of others":
        make_wheel(dist(collect), "stranger")
        said = "it holds wheels of stranger, and none of a local package of the lock (app, lib)"
    elif kind == "no name":
        (dist(collect) / "app.whl").touch()
        said = "it holds no wheel whose name is one (app.whl is none); name the folder"
    elif kind == "folder":
        (dist(collect) / "app-0.1.0-py3-none-any.whl").mkdir()
        said = "app-0.1.0-py3-none-any.whl cannot be used: it is a folder, or a link to nothing"
    elif kind == "dangling":
        (dist(collect) / "app-0.1.0-py2-none-any.whl").symlink_to("gone.whl")
        said = "app-0.1.0-py2-none-any.whl cannot be used: it is a folder, or a link to nothing"
    elif kind == "bad record":
        tamper(make_wheel(dist(collect), "app", "0.1.0"))
        said = "it cannot be read"
    elif kind == "bad name":
        make_wheel(dist(collect), "lib").rename(dist(collect) / "app-0.1.0-py3-none-any.whl")
        said = "METADATA says that its name is lib"
    result = collect(dist=dist(collect))
    assert result.failed
    assert result.msg.startswith("dist: ")
    assert said in result.msg
    assert built(collect) == []


def test_stale_wheels_are_told_together(collect: Collect) -> None:
    make_wheel(dist(collect), "app", "0.0.9")
    make_wheel(dist(collect), "lib", "0.5")
    result = collect(dist=dist(collect))
    assert "app is at 0.1.0, and there is app-0.0.9-py3-none-any.whl" in result.msg
    assert "lib is at 1.0, and there is lib-0.5-py3-none-any.whl" in result.msg
    assert built(collect) == []
    # Beside the right one it does not count.
    make_wheel(dist(collect), "app", "0.1.0")
    make_wheel(dist(collect), "lib", "1.0")
    assert {wheel["version"] for wheel in collect.succeed(dist=dist(collect))["wheels"]} == {"0.1.0", "1.0"}


@pytest.mark.parametrize("versions", [["2.5"], ["2.5", "2.6"]])
def test_a_dynamic_version(versions: list[str], collect: Collect) -> None:
    replace_in(collect.project / "pyproject.toml", 'version = "0.1.0"', 'dynamic = ["version"]')
    write_tree(collect.project, {"VERSION": "2.4"})
    lock(collect.project)
    leaves_mark(collect.folder / "app-built")
    for version in versions:
        make_wheel(dist(collect), "app", version)
    result = collect(dist=dist(collect), frozen=True)
    if len(versions) > 1:
        assert "app-2.5-py3-none-any.whl is another version of app, and nothing else tells which" in result.msg
    else:
        assert result["stage"]["release"].startswith("2.5-")
    assert built(collect) in ([], ["lib"])


def test_the_order_of_tags_decides(collect: Collect) -> None:
    """As uv has it, which the proof asks: what is compiled for a newer glibc before what runs anywhere."""
    for tag in ("py3-none-any", f"py3-none-manylinux_2_17_{ARCH}", f"py3-none-manylinux_2_31_{ARCH}"):
        make_wheel(dist(collect), "app", "0.1.0", tag=tag)
    result = collect.succeed(dist=dist(collect), targets=[TARGET, {**TARGET, "platform": f"{ARCH}-manylinux_2_28"}])
    taken = {wheel["filename"]: wheel["targets"] for wheel in result["wheels"] if wheel["name"] == "app"}
    assert taken == {
        f"app-0.1.0-py3-none-manylinux_2_31_{ARCH}.whl": [LABEL],
        f"app-0.1.0-py3-none-manylinux_2_17_{ARCH}.whl": [f"{PYTHON}-{ARCH}-manylinux_2_28"],
    }


def test_two_that_fit_equally_well(collect: Collect) -> None:
    for tag in ("py3-none-any", "py2.py3-none-any"):
        make_wheel(dist(collect), "app", "0.1.0", tag=tag)
    result = collect(dist=dist(collect))
    assert "app-0.1.0-py2.py3-none-any.whl and app-0.1.0-py3-none-any.whl of dist fit it equally well" in result.msg


@pytest.mark.parametrize("no_build", [[], ["app"]])
def test_what_fits_none_of_them_is_built(no_build: list[str], collect: Collect) -> None:
    tag = "cp39-cp39-musllinux_1_1_" + ARCH
    make_wheel(dist(collect), "app", "0.1.0", tag=tag)
    result = collect(dist=dist(collect), no_build=no_build)
    if no_build:
        assert f"app 0.1.0 for {LABEL}: it is a local package, and no_build names it" in result.msg
        return
    assert origins(result)["app"]["kind"] == "directory"
    assert built(collect) == ["app", "lib"]
    assert f"No wheel of app in {dist(collect)} fits {LABEL}; for those it is built." in str(result["warnings"])


@pytest.mark.parametrize("option", ["no_binary", "extra_wheels"])
def test_what_goes_before_it(option: str, collect: Collect) -> None:
    make_wheel(dist(collect), "app", "0.1.0")
    own = make_wheel(collect.folder / "own", "app", "0.1.0", files={"app/own.py": ""})
    given = {"no_binary": ["app"], "extra_wheels": [{"path": own, "hash": f"sha256:{sha256(own)}"}]}
    result = collect.succeed(dist=dist(collect), **{option: given[option]})
    taken = next(wheel for wheel in result["wheels"] if wheel["name"] == "app")
    if option == "no_binary":
        assert taken["origin"]["kind"] == "directory"
    else:
        assert taken["sha256"] == sha256(own)


def test_a_shallow_clone_will_do(collect: Collect, tmp_path: Path) -> None:
    """A version that comes from history is told by the wheel."""
    make_wheel(collect.index.folder, "setuptools-scm", "8.0")
    replace_in(collect.project / "pyproject.toml", 'version = "0.1.0"', 'dynamic = ["version"]')
    write_tree(collect.project, {"VERSION": "2.5"})
    lock(collect.project)
    replace_in(collect.project / "pyproject.toml", "requires = []", 'requires = ["setuptools-scm"]')
    commit(collect.project, {})
    commit(collect.project, {"more.txt": ""})
    git(tmp_path, "clone", "--quiet", "--depth", "1", collect.project.as_uri(), "shallow")
    options: dict[str, Any] = {"project": tmp_path / "shallow", "frozen": True, "no_install_package": ["lib"]}
    assert "this clone is shallow" in collect(**options).msg
    make_wheel(tmp_path / "artifacts", "app", "2.5")
    result = collect.succeed(**options, dist=tmp_path / "artifacts", prune=True)
    assert result["stage"]["release"].startswith("2.5-")


def test_check_mode_and_another_folder_for_the_same(collect: Collect) -> None:
    make_wheel(dist(collect), "app", "0.1.0")
    make_wheel(dist(collect), "lib")
    shutil.rmtree(collect.project / "lib" / "lib")
    told = collect.succeed(dist=dist(collect), check=True)
    assert (told["to_build"], collect.wheelhouse.exists()) == ([], False)
    done = collect.succeed(dist=dist(collect))
    assert done["stage"]["release"] == told["stage"]["release"]
    assert built(collect) == []
