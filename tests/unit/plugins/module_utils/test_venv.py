# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import NotAVenv
from ansible_collections.airgap.uv.plugins.module_utils.venv import (
    Change,
    Installed,
    Venv,
    apply,
    compare,
    untouched,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An environment whose interpreter is gone, with two distributions and what pip leaves behind."""
    venv = tmp_path / "venv"
    site = venv / "lib" / "python3.11" / "site-packages"
    for name in ("zope.interface-7.1.dist-info", "flask_login-0.6.3.dist-info", "~lask-1.0", "flask"):
        (site / name).mkdir(parents=True)
    (site / "flask_login-0.6.3.dist-info" / "RECORD").write_text("")
    (venv / "lib64").symlink_to("lib")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to("/nowhere/python")
    (venv / "pyvenv.cfg").write_text("home = /nowhere\nimplementation = CPython\nversion_info = 3.11.2\n")
    return venv


def test_reads_an_environment_without_its_interpreter(path: Path) -> None:
    venv = Venv.read(path)
    assert venv.exists
    assert venv.version == "3.11.2"
    assert {name: found.version for name, found in venv.distributions.items()} == {
        "flask-login": "0.6.3",
        "zope-interface": "7.1",
    }


@pytest.mark.parametrize(
    ("config", "version"),
    [
        ("version_info = 3.11.2\n", "3.11.2"),
        ("version = 3.9.18\n", "3.9.18"),
        ("version_info=3.13.0\nversion = 3.13\n", "3.13.0"),
        ("home = /usr/bin\n", None),
        ("", None),
    ],
)
def test_version(path: Path, config: str, version: str | None) -> None:
    (path / "pyvenv.cfg").write_text(config)
    assert Venv.read(path).version == version


@pytest.mark.parametrize(
    ("python", "suits"),
    [(None, True), ("3.11", True), ("3.11.2", True), ("3", True), ("3.1", False), ("3.12", False)],
)
def test_suits_a_version(path: Path, python: str | None, suits: bool) -> None:
    assert not Venv.read(path).suits(python)  # its interpreter is gone
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").write_text("")
    assert Venv.read(path).suits(python) is suits


def test_suits_an_interpreter(path: Path, tmp_path: Path) -> None:
    for name in ("python3.11", "python3.12"):
        (tmp_path / name).write_text("")
    (tmp_path / "python3").symlink_to("python3.11")
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to(tmp_path / "python3.11")
    venv = Venv.read(path)
    assert venv.suits(str(tmp_path / "python3"))
    assert not venv.suits(str(tmp_path / "python3.12"))


def test_nothing_and_an_empty_folder_are_no_environment_yet(tmp_path: Path) -> None:
    assert not Venv.read(tmp_path / "nothing").exists
    assert not Venv.read(tmp_path).exists


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("file", "it is a file"),
        ("folder", "it holds files but no pyvenv.cfg"),
        ("link", "it is a symbolic link that leads nowhere"),
    ],
)
def test_a_stranger_is_refused(tmp_path: Path, kind: str, reason: str) -> None:
    path = tmp_path / "venv"
    if kind == "file":
        path.write_text("data")
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        (path / "data").mkdir(parents=True)
    with pytest.raises(NotAVenv) as caught:
        Venv.read(path)
    assert str(caught.value) == (
        f"{path} is not a virtual environment ({reason}) and is left alone; move it away or set venv to another path."
    )


def test_an_installation_gets_another_stamp(path: Path) -> None:
    before = Venv.read(path)
    assert before.same_as(Venv.read(path))
    record = path / "lib" / "python3.11" / "site-packages" / "flask_login-0.6.3.dist-info" / "RECORD"
    record.rename(record.with_name("old"))
    record.write_text("")
    after = Venv.read(path)
    assert not before.same_as(after)
    assert compare(before.distributions, after.distributions) == (Change("flask-login", "0.6.3", "reinstall"),)


def test_compare_and_apply() -> None:
    before = {"a": Installed("1"), "b": Installed("1"), "c": Installed("1", (1, 1)), "d": Installed("1")}
    after = {"b": Installed("2"), "c": Installed("1", (2, 2)), "d": Installed("1"), "e": Installed("1")}
    changes = compare(before, after)
    assert changes == (
        Change("a", "1", "remove"),
        Change("b", "2", "install", "1"),
        Change("c", "1", "reinstall"),
        Change("e", "1", "install"),
    )
    assert apply(dict.fromkeys("abcd", "1"), changes) == {"b": "2", "c": "1", "d": "1", "e": "1"}
    assert [change.as_dict() for change in changes][:2] == [
        {"name": "a", "version": "1", "action": "remove"},
        {"name": "b", "version": "2", "action": "install", "from": "1"},
    ]


@pytest.mark.parametrize("had", [False, True])
def test_untouched_takes_away_only_a_lock_that_is_new(path: Path, had: bool) -> None:
    if had:
        (path / ".lock").write_text("")
    before = path.stat().st_mtime_ns
    with untouched(path):
        (path / ".lock").write_text("")
    assert (path / ".lock").exists() is had
    assert path.stat().st_mtime_ns == before


def test_untouched_of_nothing(tmp_path: Path) -> None:
    with untouched(tmp_path / "nothing"):
        pass
    assert not (tmp_path / "nothing").exists()
