# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import arrival
from ansible_collections.airgap.uv.plugins.module_utils.arrival import (
    Arrival,
    FileChangedOnTheWay,
    FileNotWritten,
    Owner,
    OwnerNotPossible,
    missing,
    surplus,
)
from ansible_collections.airgap.uv.plugins.module_utils.transfer import Tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import tamper

OWNER = Owner(None, None)
CONTENT = {"pyproject.toml": "[project]\n", "src/app.py": "print('hello')\n", "run.sh": "#!/bin/sh\n"}


class Folder:
    """A tree with three files and a link, and what `missing` and `surplus` say of it."""

    def __init__(self, dest: Path, **more: Any) -> None:
        files = [self.entry(path, text, "0755" if path.endswith(".sh") else "0644") for path, text in CONTENT.items()]
        link = {"path": "bin/run", "link": "../run.sh"}
        self.tree = Tree.parse({"dest": str(dest), "files": [*files, link], **more}, "trees[0]")
        self.dest = dest

    @staticmethod
    def entry(path: str, text: str, mode: str) -> dict[str, Any]:
        return {"path": path, "size": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": mode}

    @property
    def missing(self) -> list[str]:
        return [self.tree.files[number].path for number in missing(self.tree)]

    @property
    def surplus(self) -> list[str]:
        return [str(path.relative_to(self.dest)) for path in surplus(self.tree)]

    def fill(self) -> list[str]:
        """Write what is missing and settle the rest; gives the paths that were settled."""
        arrived = Arrival(self.tree, OWNER, dry=False)
        incoming = arrived.open()
        for path in self.missing:
            file = next(file for file in self.tree.files if file.path == path)
            arrived.write(file, io.BytesIO(CONTENT[path].encode()), incoming)
        incoming.rmdir()
        for path in surplus(self.tree):
            arrival.remove(path)
        arrived.settle_links()
        arrived.settle_modes()
        return [str(Path(path).relative_to(self.dest)) for path in arrived.changed]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "opt/app/releases/r1", delete=True, keep=[".venv"])


@pytest.fixture
def filled(folder: Folder) -> Folder:
    folder.fill()
    return folder


def test_everything_is_missing_on_a_bare_host(folder: Folder) -> None:
    assert folder.missing == list(CONTENT)
    assert folder.surplus == []
    assert not folder.dest.exists()


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_depend_on_no_umask(folder: Folder, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder.fill()
    finally:
        os.umask(before)
    found = {
        str(path.relative_to(folder.dest.parents[2])): f"{path.stat().st_mode & 0o777:o}"
        for path in [folder.dest.parent, folder.dest, *folder.dest.rglob("*")]
        if not path.is_symlink()
    }
    assert found == {
        "app/releases": "755",
        "app/releases/r1": "755",
        "app/releases/r1/bin": "755",
        "app/releases/r1/src": "755",
        "app/releases/r1/pyproject.toml": "644",
        "app/releases/r1/run.sh": "755",
        "app/releases/r1/src/app.py": "644",
    }
    assert str((folder.dest / "bin/run").readlink()) == "../run.sh"


def test_a_second_time_nothing_is_to_be_done(filled: Folder) -> None:
    assert (filled.missing, filled.surplus, filled.fill()) == ([], [], [])


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").touch()


def _replace_by_link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("spoil", [tamper, Path.unlink, _replace_by_folder, _replace_by_link])
def test_only_the_very_bytes_in_a_regular_file_count(filled: Folder, spoil: Any) -> None:
    spoil(filled.dest / "src/app.py")
    assert filled.missing == ["src/app.py"]
    filled.fill()
    assert (filled.missing, filled.surplus) == ([], [])
    assert not (filled.dest / "src/app.py").is_symlink()


def test_nothing_is_written_through_a_link(filled: Folder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (filled.dest / "src").rename(outside)
    (filled.dest / "src").symlink_to(outside)
    (outside / "app.py").write_text("mine\n")
    assert filled.missing == ["src/app.py"]
    filled.fill()
    assert (outside / "app.py").read_text() == "mine\n"
    assert (filled.dest / "src/app.py").read_text() == CONTENT["src/app.py"]


def test_surplus_goes_and_what_is_kept_stays(filled: Folder) -> None:
    for name in (".venv/lib/x.py", "src/old.py", "src/__pycache__/app.pyc", "junk", "src/.venv/x"):
        (filled.dest / name).parent.mkdir(parents=True, exist_ok=True)
        (filled.dest / name).touch()
    (filled.dest / "dangling").symlink_to("/nonexistent")
    assert sorted(filled.surplus) == ["dangling", "junk", "src/.venv", "src/__pycache__", "src/old.py"]
    filled.fill()
    assert filled.surplus == []
    assert (filled.dest / ".venv/lib/x.py").exists()


def test_without_delete_nothing_is_surplus_and_nothing_is_cleared(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "wheels")
    folder.fill()
    (folder.dest / "old.whl").touch()
    assert folder.surplus == []
    _replace_by_folder(folder.dest / "run.sh")
    with pytest.raises(FileNotWritten, match=r"run.sh cannot be written on the host: something of another kind"):
        folder.fill()
    assert (folder.dest / "run.sh/x").exists()


def test_modes_and_links_are_put_right(filled: Folder) -> None:
    (filled.dest / "run.sh").chmod(0o600)
    (filled.dest / "src").chmod(0o700)
    (filled.dest / "bin/run").unlink()
    (filled.dest / "bin/run").symlink_to("/bin/sh")
    assert filled.missing == []
    dry = Arrival(filled.tree, OWNER, dry=True)
    dry.settle_links()
    dry.settle_modes()
    assert dry.changed == [str(filled.dest / name) for name in ("bin/run", "src", "run.sh")]
    assert filled.fill() == ["bin/run", "src", "run.sh"]
    assert filled.fill() == []


def test_other_bytes_than_the_wanted_ones_are_not_taken(folder: Folder) -> None:
    arrived = Arrival(folder.tree, OWNER, dry=False)
    incoming = arrived.open()
    with pytest.raises(FileChangedOnTheWay, match=r"pyproject.toml has sha256 .* and was not taken"):
        arrived.write(folder.tree.files[0], io.BytesIO(b"[prOject]\n"), incoming)
    (incoming / "0-0").write_text("[prOject]\n")
    with pytest.raises(FileChangedOnTheWay):
        arrived.take(folder.tree.files[0], incoming / "0-0")
    (incoming / "0-1").symlink_to("/etc/passwd")
    with pytest.raises(FileChangedOnTheWay, match="of no file"):
        arrived.take(folder.tree.files[0], incoming / "0-1")
    assert not (folder.dest / "pyproject.toml").exists()


def test_incoming_files_of_a_dead_run_go_and_those_of_another_stay(folder: Folder) -> None:
    arrived = Arrival(folder.tree, OWNER, dry=False)
    old, young = arrived.open(), arrived.open()
    (old / "part").touch()
    os.utime(old, (0, 0))
    arrived.open()
    assert (old.exists(), young.exists()) == (False, True)


def test_a_full_disk_is_told(folder: Folder) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    arrived = Arrival(folder.tree, OWNER, dry=False)
    incoming = arrived.open()
    with pytest.raises(FileNotWritten, match=r"the disk is full .*; free some space and run again"):
        arrived.write(folder.tree.files[0], Full(), incoming)
    assert list(incoming.iterdir()) == []


def test_owners_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Owner.parse(None, None) == Owner(None, None)
    with pytest.raises(OwnerNotPossible, match="owner: no-such cannot own the files on the host: the host has no such"):
        Owner.parse("no-such", None)
    with pytest.raises(OwnerNotPossible, match="the host has no such group"):
        Owner.parse(None, "no-such")
    assert Owner.parse("no-such", "no-such", check_mode=True) == Owner(None, None)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(OwnerNotPossible, match="that needs root"):
        Owner.parse("nobody", None)
