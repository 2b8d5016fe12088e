# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.stage import Pin, StagedProject, StagedWheel
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns, SourceTree
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def no_git(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    return 1, "", ""


def pin(name: str, version: str = "1.0", marker: str | None = None, *, digest: str = "a" * 64, folder: str = "") -> Pin:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return Pin(name, version, marker, (StagedWheel(folder + filename, digest, digest),))


def project(*pins: Pin, tree: SourceTree | None = None, **more: Any) -> StagedProject:
    given: dict[str, Any] = {
        "name": "app",
        "version": "1.0",
        "requires_python": ">=3.9",
        "find_links": "../../wheels",
        "tool": {},
        **more,
    }
    return StagedProject(pins=pins or (pin("alpha"), pin("beta", "2.0")), tree=tree, **given)


def tree(folder: Path, files: Mapping[str, str], **patterns: Any) -> SourceTree:
    write_tree(folder, files)
    return SourceTree.read(folder, Patterns(**patterns), no_git, {})


FORKED = [
    pin("alpha", "1.0", "python_full_version < '3.11'"),
    pin("alpha", "2.0", "python_full_version >= '3.11'"),
    pin("winonly", "0.1", "sys_platform == 'win32'"),
]


def test_pyproject() -> None:
    tool = {"uv": {"index": [{"url": "https://index.test/simple"}], "dev-dependencies": []}, "app": {"port": 80}}
    assert tomllib.loads(project(*FORKED, tool=tool).pyproject) == {
        "project": {
            "name": "app-release",
            "version": "1.0",
            "requires-python": ">=3.9",
            "dependencies": [
                "alpha==1.0; python_full_version < '3.11'",
                "alpha==2.0; python_full_version >= '3.11'",
                "winonly==0.1; sys_platform == 'win32'",
            ],
        },
        "tool": {
            "app": {"port": 80},
            "uv": {"package": False, "no-index": True, "find-links": ["../../wheels"], "workspace": {}},
        },
    }


def test_lock() -> None:
    raw = tomllib.loads(project(*FORKED).lock)
    root, *packages = raw["package"]
    assert (raw["version"], raw["requires-python"]) == (1, ">=3.9")
    assert root["source"] == {"virtual": "."}
    source = {"registry": "../../wheels"}
    assert root["dependencies"] == [
        {"name": "alpha", "version": "1.0", "source": source, "marker": "python_full_version < '3.11'"},
        {"name": "alpha", "version": "2.0", "source": source, "marker": "python_full_version >= '3.11'"},
        {"name": "winonly", "marker": "sys_platform == 'win32'"},
    ]
    assert [(each["name"], each["version"], each["source"]) for each in packages] == [
        ("alpha", "1.0", source),
        ("alpha", "2.0", source),
        ("winonly", "0.1", source),
    ]
    assert packages[0]["wheels"] == [
        {"path": "alpha-1.0-py3-none-any.whl", "hash": f"sha256:{'a' * 64}"},
    ]
    assert not any("sdist" in each or "dependencies" in each for each in packages)


def test_a_package_that_hosts_take_from_an_index() -> None:
    """Several versions of one name: the root's dependency names the same source as the package."""
    url = "https://index.test/files/alpha-2.0-py3-none-any.whl"
    taken = Pin("alpha", "2.0", None, (StagedWheel("x.whl", "b" * 64, "", url),), index="https://index.test/simple")
    indexes = [{"name": "corp", "url": "https://index.test/simple", "default": True}]
    made = project(pin("alpha"), taken, ship="built", indexes=indexes)
    root, old, new = tomllib.loads(made.lock)["package"]
    assert [each["source"]["registry"] for each in root["dependencies"]] == [
        "../../wheels",
        "https://index.test/simple",
    ]
    assert old["source"] == {"registry": "../../wheels"}
    assert new == {
        "name": "alpha",
        "version": "2.0",
        "source": {"registry": "https://index.test/simple"},
        "wheels": [{"url": url, "hash": f"sha256:{'b' * 64}"}],
    }
    settings = tomllib.loads(made.pyproject)["tool"]["uv"]
    assert (settings["no-index"], settings["index"]) == (False, indexes)


@pytest.mark.parametrize(
    ("names", "root"),
    [
        (["alpha"], "app-release"),
        (["app-release"], "app-release-x"),
        (["app-release", "app-release-x"], "app-release-x-x"),
    ],
)
def test_the_root_is_called_like_no_wheel(names: list[str], root: str) -> None:
    assert project(*(pin(name) for name in names)).root == root


# what changes, and whether the release is another one then
RELEASES = [
    ({}, False),
    ({"pins": (pin("beta", "2.0"), pin("alpha"))}, False),
    ({"pins": (pin("alpha"),)}, True),
    ({"pins": (pin("alpha", "1.1"), pin("beta", "2.0"))}, True),
    ({"pins": (pin("alpha", digest="b" * 64), pin("beta", "2.0"))}, True),
    ({"pins": (pin("alpha", marker="sys_platform == 'linux'"), pin("beta", "2.0"))}, True),
    ({"version": "1.1"}, True),
    ({"name": "other"}, True),
    ({"requires_python": ">=3.10"}, True),
    ({"tool": {"app": {"port": 81}}}, True),
    ({"tool": {"uv": {"index": []}}}, False),
    ({"ship": "built"}, True),
    ({"indexes": [{"url": "https://index.test/simple"}]}, True),
    ({"pins": (pin("alpha", folder="0123456789ab/"), pin("beta", "2.0"))}, False),
]


@pytest.mark.parametrize(("change", "another"), RELEASES)
def test_release(change: dict[str, Any], another: bool) -> None:
    usual = project()
    assert (replace(usual, **change).release != usual.release) is another


def test_release_is_a_safe_name() -> None:
    release = project(version="1.0+local/../x y").release
    assert "/" not in release
    assert " " not in release
    assert release.rpartition("-")[0].startswith("1.0+local")


FILES = [
    ({"main.py": "2"}, True),
    ({"new.py": "1"}, True),
    ({"sub/data": "2"}, True),
    ({".python-version": "3.12"}, False),
    ({"uv.toml": "offline = false"}, False),
    ({"uv.lock": "x"}, False),
]


@pytest.mark.parametrize(("change", "another"), FILES)
def test_release_follows_the_files_that_travel(change: dict[str, str], another: bool, tmp_path: Path) -> None:
    files = {"main.py": "1", "sub/data": "1", ".python-version": "3.11", "uv.toml": "", "uv.lock": ""}
    before = project(tree=tree(tmp_path / "a", files))
    after = project(tree=tree(tmp_path / "b", {**files, **change}))
    assert (before.release != after.release) is another


def test_release_follows_the_executable_bit_and_nothing_else_of_a_mode(tmp_path: Path) -> None:
    def release(mode: int) -> str:
        read = tree(tmp_path, {"manage.py": "1"})
        os.chmod(tmp_path / "manage.py", mode)
        read = SourceTree.read(tmp_path, Patterns(), no_git, {})
        return project(tree=read).release

    assert release(0o600) == release(0o664) == release(0o644)
    assert release(0o700) == release(0o755) != release(0o644)


def test_what_travels_and_what_is_written(tmp_path: Path) -> None:
    files = {
        "manage.py": "run",
        "site/settings.py": "x = 1",
        ".gitignore": "*.log\nfrontend/\n",
        "debug.log": "",
        "frontend/app.js": "built",
        ".python-version": "3.11",
        "uv.toml": "",
        "uv.lock": "the project's own",
        "pyproject.toml": "the project's own",
        ".venv/bin/python": "",
        ".hg/branch": "",
    }
    read = tree(tmp_path / "project", files, include=("frontend/",))
    os.chmod(tmp_path / "project" / "manage.py", 0o700)
    read = SourceTree.read(tmp_path / "project", Patterns(include=("frontend/",)), no_git, {})
    staged = project(tree=read)
    assert staged.write(tmp_path / "stage") is True
    listed = {item["path"]: item for item in staged.listing}
    assert sorted(listed) == [
        ".gitignore",
        "frontend/app.js",
        "manage.py",
        "pyproject.toml",
        "site/settings.py",
        "uv.lock",
    ]
    assert listed["manage.py"]["mode"] == "0755"
    for name, item in listed.items():
        path = tmp_path / "stage" / name
        status = path.stat()
        assert (f"{status.st_mode & 0o777:04o}", status.st_size, sha256(path)) == (
            item["mode"],
            item["size"],
            item["sha256"],
        )
    assert "the project's own" not in (tmp_path / "stage" / "uv.lock").read_text(encoding="utf-8")
    assert "debug.log" in read.left_out


def test_writing_again_touches_nothing(tmp_path: Path) -> None:
    staged = project(tree=tree(tmp_path / "project", {"main.py": "1"}))
    staged.write(tmp_path / "stage")
    before = snapshot(tmp_path)
    assert staged.write(tmp_path / "stage") is False
    assert snapshot(tmp_path) == before


def test_another_release_replaces_the_folder_as_a_whole(tmp_path: Path) -> None:
    project(tree=tree(tmp_path / "one", {"old.py": "1"})).write(tmp_path / "stage")
    assert project(tree=tree(tmp_path / "two", {"new.py": "1"})).write(tmp_path / "stage") is True
    found = sorted(path.name for path in (tmp_path / "stage").iterdir())
    assert found == ["new.py", "pyproject.toml", "uv.lock"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "stage", "two"]


@pytest.mark.parametrize("files", [{"notes.txt": "mine"}, {"pyproject.toml": '[project]\nname = "mine"\n'}])
def test_a_folder_of_someone_else_is_not_replaced(files: dict[str, str], tmp_path: Path) -> None:
    write_tree(tmp_path / "stage", files)
    before = snapshot(tmp_path)
    with pytest.raises(errors.AirgapError, match=str(tmp_path / "stage")):
        project().write(tmp_path / "stage")
    assert snapshot(tmp_path) == before


# --- what uv says of it (the other versions of uv: tests/locks)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release folder as on a host: forked, with wheels that are not there, and one in a folder."""
    house = tmp_path / "wheels"
    wheels = {
        "old": make_wheel(house, "alpha", "1.0"),
        "new": make_wheel(house, "alpha", "2.0"),
        "beta": make_wheel(house, "beta", "1.5", entry_points={"beta": "beta:main"}),
        "gamma": make_wheel(house / "0123456789ab", "gamma-x", "3.0+local.1"),
    }

    def of(path: Path, *absent: str) -> tuple[StagedWheel, ...]:
        here = StagedWheel(path.relative_to(house).as_posix(), sha256(path), "")
        return (*(StagedWheel(name, "0" * 64, "") for name in absent), here)

    pins = (
        Pin("alpha", "1.0", "python_full_version < '3.10'", of(wheels["old"])),
        Pin("alpha", "2.0", "python_full_version >= '3.10'", of(wheels["new"])),
        Pin("beta", "1.5", None, of(wheels["beta"])),
        Pin("gamma-x", "3.0+local.1", None, of(wheels["gamma"], "gamma_x-3.0+local.1-cp39-cp39-win_amd64.whl")),
        Pin("winonly", "0.1", "sys_platform == 'win32'", (StagedWheel("winonly-0.1-py3-none-any.whl", "0" * 64, ""),)),
    )  # fmt: skip
    folder = tmp_path / "releases" / "one"
    folder.parent.mkdir()
    project(*pins).write(folder)
    return folder


def sync(release: Path) -> subprocess.CompletedProcess[str]:
    command = [str(uv_executable()), "sync", "--locked", "--no-index", "-f", "../../wheels", "--no-cache"]
    return subprocess.run(
        [*command, "--python", sys.executable],
        cwd=release,
        env=clean_environment(release.parent.parent / "home"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_uv_installs_it_and_leaves_the_lock_alone(release: Path) -> None:
    before = (release / "uv.lock").read_bytes()
    done = sync(release)
    assert done.returncode == 0, done.stderr
    assert (release / "uv.lock").read_bytes() == before
    code = "import alpha, beta, gamma_x; print(alpha.__version__, beta.__version__, gamma_x.__version__)"
    run = [str(release / ".venv/bin/python"), "-c", code]
    wanted = "2.0 1.5 3.0+local.1" if sys.version_info >= (3, 10) else "1.0 1.5 3.0+local.1"
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip() == wanted


def test_uv_refuses_a_tampered_wheel(release: Path) -> None:
    tamper(release.parent.parent / "wheels" / "beta-1.5-py3-none-any.whl")
    done = sync(release)
    assert done.returncode != 0
    assert "beta" in done.stderr
    assert not list(release.glob(".venv/lib/*/site-packages/beta"))
