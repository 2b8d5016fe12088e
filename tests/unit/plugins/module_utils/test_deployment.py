# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.deployment import (
    Deployment,
    ServiceUser,
    Uv,
    UvNotUsable,
    executable_in,
    folders_of,
    unknown,
)


class Programs:
    """Programs in folders, each with what it prints."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.prints: dict[str, str] = {}

    def add(self, path: str, prints: str, mode: int = 0o755) -> str:
        program = self.root / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
        program.chmod(mode)
        self.prints[str(program)] = prints
        return str(program)

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        return 0, self.prints[argv[0]], ""


def test_uv_is_the_first_that_runs(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    programs.add("a/uv", "not this one\n")
    second = programs.add("b/uv", "uv 0.13.8 (x86_64-unknown-linux-gnu)\n")
    programs.add("c/uv", "uv 0.5.0\n")
    folders = [tmp_path / name for name in ("a", "none", "b", "c")]
    assert Uv.find(None, folders, programs.run) == Uv(second, "0.13.8")
    assert Uv.find(str(tmp_path / "c/uv"), folders, programs.run) == Uv(str(tmp_path / "c/uv"), "0.5.0")
    assert Uv.find(None, [tmp_path / "none"], programs.run) is None


def test_a_named_uv_must_be_one(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    wrong = programs.add("uv", "hello\n")
    with pytest.raises(UvNotUsable, match=f"uv_executable: {wrong} does not run"):
        Uv.find(wrong, [], programs.run)
    with pytest.raises(UvNotUsable, match="uv_executable: /nonexistent/uv does not exist"):
        Uv.find("/nonexistent/uv", [], programs.run)


def test_nothing_is_deployed_on_a_bare_host(tmp_path: Path) -> None:
    bare = Deployment(tmp_path / "opt/app")
    assert (bare.releases, bare.current, bare.current_python) == ([], None, None)
    assert bare.free_bytes > 0


@pytest.fixture
def deployed(tmp_path: Path) -> Deployment:
    for age, name in enumerate(["2.0-b", "1.0-c", "1.0-a"]):
        release = tmp_path / "releases" / name
        release.mkdir(parents=True)
        os.utime(release, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "releases/link").symlink_to("1.0-a")
    (tmp_path / "current").symlink_to("releases/1.0-a")
    return Deployment(tmp_path)


def test_releases_are_told_from_the_oldest_on(deployed: Deployment) -> None:
    assert deployed.releases == ["1.0-a", "1.0-c", "2.0-b"]
    assert deployed.current == "1.0-a"


@pytest.mark.parametrize("target", ["releases/gone", "./releases/gone", "{path}/releases/gone"])
def test_current_may_name_a_release_that_is_gone(deployed: Deployment, target: str) -> None:
    link = deployed.path / "current"
    link.unlink()
    link.symlink_to(target.format(path=deployed.path))
    assert deployed.current == "gone"
    assert deployed.current_python is None


@pytest.mark.parametrize("target", ["elsewhere", "../releases/1.0-a", "releases/1.0-a/src"])
def test_current_that_leads_elsewhere_is_no_release(deployed: Deployment, target: str) -> None:
    link = deployed.path / "current"
    link.unlink()
    link.symlink_to(target)
    assert deployed.current is None


def test_the_python_of_the_current_release_counts_while_it_is_there(deployed: Deployment) -> None:
    venv = deployed.path / "releases/1.0-a/.venv"
    lock = deployed.path / "releases/1.0-a/uv.lock"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.2.final.0\n")
    lock.touch()
    assert deployed.current_python is None
    (venv / "bin/python").symlink_to("/bin/sh")
    assert deployed.current_python == "3.11.2"
    lock.unlink()
    assert deployed.current_python is None


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


def test_a_service_user_is_stopped_by_the_first_folder_that_is_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    (closed / "app").mkdir(parents=True)
    closed.chmod(0o711)
    assert ServiceUser.of("nobody", closed / "app/x") == ServiceUser("nobody", True, None)
    closed.chmod(0o700)
    assert ServiceUser.of("nobody", closed / "app/x") == ServiceUser("nobody", True, str(closed))
    assert ServiceUser.of(getpass.getuser(), closed / "app/x").stopped_at is None
    assert ServiceUser.of("no-such-user", closed) == ServiceUser("no-such-user", False, None)


def test_programs_are_looked_for_in_order(tmp_path: Path) -> None:
    programs = Programs(tmp_path)
    programs.add("a/rsync", "", mode=0o644)
    second = programs.add("b/rsync", "")
    folders = folders_of(f"relative:{tmp_path}/a::{tmp_path}/a", tmp_path / "b")
    assert folders == [tmp_path / "a", tmp_path / "b"]
    assert executable_in("rsync", folders) == second
    assert executable_in("nothing", folders) is None


UNKNOWN = [
    (None, None, []),
    ("root", "root", []),
    ("0", "4711", []),
    ("no-such-user", None, ["user no-such-user"]),
    ("no-such-user", "no-such-group", ["user no-such-user", "group no-such-group"]),
]


@pytest.mark.parametrize(("owner", "group", "said"), UNKNOWN)
def test_names_that_the_host_does_not_know_are_told(owner: str | None, group: str | None, said: list[str]) -> None:
    assert unknown(owner, group) == said


IN_THE_WAY = [
    (["app/releases/", "app/wheels/"], "current -> releases/x", []),
    (["app"], None, ["app"]),
    (["app/releases"], None, ["app/releases"]),
    (["app/wheels", "app/bin", "app/current/"], None, ["app/wheels", "app/bin", "app/current"]),
    (["app/python"], None, ["app/python"]),
    (["app/current"], None, ["app/current"]),
    ([], None, []),
]


@pytest.mark.parametrize(("there", "link", "expected"), IN_THE_WAY)
def test_what_stands_in_the_way(there: list[str], link: str | None, expected: list[str], tmp_path: Path) -> None:
    for name in there:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.touch()
    if link:
        (tmp_path / "app/current").symlink_to("releases/x")
    assert Deployment(tmp_path / "app").in_the_way == [str(tmp_path / name) for name in expected]


def test_a_file_above_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "opt").touch()
    assert Deployment(tmp_path / "opt/app").in_the_way == [str(tmp_path / "opt")]
