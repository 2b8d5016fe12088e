# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of source that a lock can name, but the index: URLs, paths, folders beside the project, git."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import LABEL, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    lock,
    replace_in,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit, git, publish, served
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import leaves_mark, make_sdist, runs, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="there is no git")


class Everything:
    """A project with one dependency of each kind; its files are served from `served`."""

    def __init__(self, folder: Path, index: Index, url: str) -> None:
        self.folder = folder
        self.served = folder / "served"
        self.url = url
        self.mark = folder / "mark"
        self.collect = Collect(folder, index)
        self.vendor = self.collect.project / "vendor"

    def make(self) -> None:
        make_wheel(self.served, "urlwheel")
        make_sdist(self.served, "urlsdist", prelude=leaves_mark(self.mark))
        make_sdist(self.served, "urlzip", kind="zip")
        write_tree(self.folder / "mono", {f"pkgs/sub/{path}": text for path, text in source_tree("archived").items()})
        with tarfile.open(self.served / "mono-1.tar.gz", "w:gz") as archive:
            archive.add(self.folder / "mono", "mono-1")
        make_wheel(self.vendor, "pathwheel")
        make_sdist(self.folder / "beside", "pathsdist")
        write_tree(self.folder / "library", source_tree("library"))
        write_tree(self.folder / "edited", source_tree("edited"))
        repo = self.folder / "repo"
        self.commit = commit(repo, {**source_tree("gitted"), **{f"sub/{k}": v for k, v in source_tree("part").items()}})
        publish(repo, self.served / "repo.git")
        sources = {
            "urlwheel": f'url = "{self.url}/urlwheel-1.0-py3-none-any.whl"',
            "urlsdist": f'url = "{self.url}/urlsdist-1.0.tar.gz"',
            "urlzip": f'url = "{self.url}/urlzip-1.0.zip"',
            "archived": f'url = "{self.url}/mono-1.tar.gz", subdirectory = "pkgs/sub"',
            "pathwheel": 'path = "vendor/pathwheel-1.0-py3-none-any.whl"',
            "pathsdist": 'path = "../beside/pathsdist-1.0.tar.gz"',
            "library": 'path = "../library"',
            "edited": 'path = "../edited", editable = true',
            "gitted": f'git = "{self.url}/repo.git"',
            "part": f'git = "{repo.as_uri()}", subdirectory = "sub"',
        }
        lines = "".join(f"{name} = {{ {source} }}\n" for name, source in sources.items())
        self.collect.make(*sources, extra=f"\n[tool.uv.sources]\n{lines}")
        leaves_mark(self.mark)  # uv built it for its metadata


@pytest.fixture
def every(tmp_path: Path, index: Index) -> Iterator[Everything]:
    (tmp_path / "served").mkdir()
    with served(tmp_path / "served") as url:
        found = Everything(tmp_path, index, url)
        found.make()
        yield found


def test_every_source(every: Everything) -> None:
    before = snapshot(*(every.folder / name for name in ("project", "library", "edited", "repo", "beside")))
    result = every.collect.succeed()
    assert snapshot(*(every.folder / name for name in ("project", "library", "edited", "repo", "beside"))) == before
    built = {"python": result["wheels"][0]["origin"]["built"]["python"]}
    origins = {}
    for wheel in result["wheels"]:
        assert wheel["targets"] == [LABEL]
        origin = dict(wheel["origin"])
        assert origin.pop("built", {}).get("python", built["python"]) == built["python"]
        origins[wheel["name"]] = origin
    for name in ("library", "edited"):
        assert len(origins[name].pop("sha256")) == 64
    assert origins == {
        "urlwheel": {"kind": "archive", "url": f"{every.url}/urlwheel-1.0-py3-none-any.whl"},
        "urlsdist": {
            "kind": "archive",
            "url": f"{every.url}/urlsdist-1.0.tar.gz",
            "sha256": sha256(every.served / "urlsdist-1.0.tar.gz"),
        },
        "urlzip": {
            "kind": "archive",
            "url": f"{every.url}/urlzip-1.0.zip",
            "sha256": sha256(every.served / "urlzip-1.0.zip"),
        },
        "archived": {
            "kind": "archive",
            "url": f"{every.url}/mono-1.tar.gz",
            "sha256": sha256(every.served / "mono-1.tar.gz"),
            "subdirectory": "pkgs/sub",
        },
        "pathwheel": {"kind": "path", "path": "vendor/pathwheel-1.0-py3-none-any.whl"},
        "pathsdist": {
            "kind": "path",
            "path": "../beside/pathsdist-1.0.tar.gz",
            "sha256": sha256(every.folder / "beside" / "pathsdist-1.0.tar.gz"),
        },
        "library": {"kind": "directory", "path": "../library"},
        "edited": {"kind": "directory", "path": "../edited"},
        "gitted": {"kind": "git", "url": f"{every.url}/repo.git", "commit": every.commit},
        "part": {
            "kind": "git",
            "url": (every.folder / "repo").as_uri(),
            "commit": every.commit,
            "subdirectory": "sub",
        },
    }
    manifest = json.loads((every.collect.wheelhouse / "wheelhouse.json").read_text(encoding="utf-8"))
    assert {wheel["name"]: wheel["origin"]["kind"] for wheel in manifest["wheels"]} == {
        name: origin["kind"] for name, origin in origins.items()
    }
    (proof,) = result["proofs"]
    assert proof["packages"] == len(origins)


def test_the_second_run_needs_nothing_of_it(every: Everything) -> None:
    first = every.collect.succeed()
    shutil.rmtree(every.served)
    shutil.rmtree(every.folder / "repo")
    second = every.collect.succeed(prune=True)
    assert (second["changed"], second["stats"]["built"], second["removed"]) == (False, 0, [])
    assert second["stage"]["release"] == first["stage"]["release"]


def test_another_wheelhouse_holds_the_same(every: Everything) -> None:
    first = every.collect.succeed()
    other = every.collect.succeed(wheelhouse=every.folder / "other", stage={"path": every.folder / "other-stage"})
    assert [wheel["sha256"] for wheel in other["wheels"]] == [wheel["sha256"] for wheel in first["wheels"]]
    assert other["stage"]["release"] == first["stage"]["release"]


def test_uv_installs_it_offline(every: Everything) -> None:
    every.collect.succeed()
    release = every.folder / "releases" / "r"
    shutil.copytree(every.collect.stage, release)
    words = ["sync", "--locked", "--offline", "--no-index", "--no-build", "-f", str(every.collect.wheelhouse), "-q"]
    replace_in(release / "pyproject.toml", "../../wheels", str(every.collect.wheelhouse))
    replace_in(release / "uv.lock", "../../wheels", str(every.collect.wheelhouse))
    done = subprocess.run(
        [str(uv_executable()), *words],
        cwd=release,
        env=clean_environment(every.folder / "uv-home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([release / ".venv/bin/python", "-c", "import part, archived, pathsdist"], check=False)
    assert ran.returncode == 0


def test_check_mode_touches_nothing(every: Everything) -> None:
    result = every.collect.succeed(check=True)
    assert result["changed"]
    assert not every.collect.wheelhouse.exists()
    told = {item["name"]: item["source"] for item in result["to_build"]}
    assert told["part"]["commit"] == every.commit
    assert told["archived"]["subdirectory"] == "pkgs/sub"


SPOILED = ["served/urlwheel-1.0-py3-none-any.whl", "project/vendor/pathwheel-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("name", SPOILED)
def test_a_wheel_with_other_bytes(name: str, every: Everything) -> None:
    tamper(every.folder / name)
    result = every.collect(frozen=True)
    assert result.failed
    assert Path(name).name in result.msg
    assert "not what the lock says" in result.msg
    assert not any(Path(name).name in str(path) for path in every.collect.wheelhouse.rglob("*.whl"))


def test_an_sdist_with_other_bytes_never_runs(every: Everything) -> None:
    make_sdist(every.served, "urlsdist", prelude=leaves_mark(every.mark) + "\n# other")
    make_sdist(every.folder / "beside", "pathsdist", prelude=leaves_mark(every.mark))
    result = every.collect(frozen=True)
    assert result.failed
    assert "urlsdist-1.0.tar.gz" in result.msg
    assert "pathsdist-1.0.tar.gz" in result.msg
    assert runs(every.mark) == 0


def test_an_archive_is_told_with_its_package(every: Everything) -> None:
    """Its file may be called like those of a hundred others."""
    archive = every.served / "mono-1.tar.gz"
    archive.rename(every.served / "kept")
    assert "archived (mono-1.tar.gz) from" in every.collect(frozen=True).msg
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(every.folder / "mono", "mono-1")
        tar.add(every.folder / "mono", "../outside")
    assert "archived (mono-1.tar.gz) from" in every.collect(frozen=True).msg
    replace_in(every.collect.project / "uv.lock", sha256(every.served / "kept"), sha256(archive))
    result = every.collect(frozen=True)
    assert "archived (mono-1.tar.gz) (pkgs/sub) was not unpacked, and nothing of it ran" in result.msg
    assert "outside" in result.msg


def test_all_that_cannot_be_had_in_one_error(every: Everything) -> None:
    git(every.folder / "repo", "commit", "--amend", "--quiet", "--message", "rewritten")
    git(every.folder / "repo", "reflog", "expire", "--expire=now", "--all")
    git(every.folder / "repo", "gc", "--quiet", "--prune=now")
    shutil.rmtree(every.served / "repo.git")
    (every.served / "urlzip-1.0.zip").unlink()
    (every.folder / "beside" / "pathsdist-1.0.tar.gz").unlink()
    result = every.collect(frozen=True)
    assert result.failed
    assert f"has no commit {every.commit}" in result.msg
    for named in ("gitted from", "part from", "urlzip-1.0.zip", "pathsdist-1.0.tar.gz"):
        assert named in result.msg
    without = every.collect.succeed(frozen=True, no_install_package=["gitted", "part", "urlzip", "pathsdist"])
    assert len(without["wheels"]) == 6


@pytest.mark.parametrize("kind", ["no_build", "folder"])
def test_what_may_not_be_built(kind: str, every: Everything) -> None:
    if kind == "folder":
        shutil.rmtree(every.folder / "library")
        result = every.collect(frozen=True)
        assert result.failed
        assert str(every.folder / "library") in result.msg
        return
    result = every.collect(frozen=True, no_build=[":all:"])
    assert result.failed
    assert sorted({item["package"] for item in result["obstacles"]}) == [
        f"{name} 1.0" for name in ("archived", "gitted", "part", "pathsdist", "urlsdist", "urlzip")
    ]


def test_the_wheelhouse_lies_in_no_local_package(every: Everything) -> None:
    result = every.collect(wheelhouse=every.folder / "library" / "wheels")
    assert result.failed
    assert str(every.folder / "library") in result.msg


def test_a_change_of_the_source_is_another_release(every: Everything) -> None:
    first = every.collect.succeed()
    write_tree(every.folder / "library", {"library/more.py": "x = 1\n"})
    newer = commit(every.folder / "repo", {"sub/part/more.py": "x = 1\n"})
    second = every.collect.succeed(frozen=True)
    assert second["stage"]["release"] != first["stage"]["release"]
    replace_in(every.collect.project / "uv.lock", f"?subdirectory=sub#{every.commit}", f"?subdirectory=sub#{newer}")
    third = every.collect.succeed(frozen=True)
    assert third["stage"]["release"] != second["stage"]["release"]
    assert [wheel["origin"]["commit"] for wheel in third["wheels"] if wheel["name"] == "part"] == [newer]


def test_a_version_that_git_and_a_folder_beside_tell(tmp_path: Path, index: Index) -> None:
    """Dynamic versions are known from the wheels."""
    collect = Collect(tmp_path, index)
    tree = source_tree("library")
    tree["pyproject.toml"] = tree["pyproject.toml"].replace('version = "1.0"', 'dynamic = ["version"]')
    write_tree(tmp_path / "library", {**tree, "VERSION": "2.5"})
    commit(tmp_path / "repo", {**{k: v.replace("library", "gitted") for k, v in tree.items()}, "VERSION": "3.5"})
    (tmp_path / "repo" / "library").rename(tmp_path / "repo" / "gitted")
    commit(tmp_path / "repo", {})
    collect.make(
        "library",
        "gitted",
        extra=(
            '\n[tool.uv.sources]\nlibrary = { path = "../library" }\n'
            f'gitted = {{ git = "{(tmp_path / "repo").as_uri()}" }}\n'
        ),
    )
    result = collect.succeed()
    assert {wheel["name"]: wheel["version"] for wheel in result["wheels"]} == {"library": "2.5", "gitted": "3.5"}


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="there is no git-lfs")
def test_large_files_are_taken_where_the_lock_wants_them(tmp_path: Path, index: Index) -> None:
    """One commit with them and without: another wheel, another release."""
    collect = Collect(tmp_path, index)
    repo = tmp_path / "repo"
    commit(repo, source_tree("gitted"))
    git(repo, "lfs", "install", "--local")
    git(repo, "lfs", "track", "*.bin")
    wanted = commit(repo, {"gitted/data.bin": "large"})
    collect.make("gitted", extra=f'\n[tool.uv.sources]\ngitted = {{ git = "{repo.as_uri()}" }}\n')
    without = collect.succeed()
    replace_in(collect.project / "pyproject.toml", f'"{repo.as_uri()}"', f'"{repo.as_uri()}", lfs = true')
    lock(collect.project)
    assert f"?lfs=true#{wanted}" in (collect.project / "uv.lock").read_text(encoding="utf-8")
    taken = collect.succeed()
    assert taken["stage"]["release"] != without["stage"]["release"]
    for result, whole in ((without, False), (taken, True)):
        (wheel,) = result["wheels"]
        assert wheel["origin"].get("lfs", False) is whole
        with zipfile.ZipFile(collect.wheelhouse / wheel["path"]) as archive:
            assert (archive.read("gitted/data.bin") == b"large") is whole
