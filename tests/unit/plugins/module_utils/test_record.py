# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.record import (
    NAME,
    ArchiveChanged,
    ArchiveUnreadable,
    intact,
    verify,
    write,
)
from ansible_collections.airgap.uv.tests.unit.support.projects import write_tree

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, a link, and their record."""
    write_tree(tmp_path, {"lib/one": "1", "lib/two words": "2"})
    (tmp_path / "link").symlink_to("lib/one")
    write(tmp_path, "a heading")
    return tmp_path


CHANGED: list[tuple[Callable[[Path], object], bool]] = [
    (lambda folder: None, True),
    (lambda folder: (folder / "lib/three").touch(), False),
    (lambda folder: write_tree(folder, {"lib/__pycache__/one.pyc": "made by Python"}), True),
    (lambda folder: (folder / "link").unlink(), False),
    (lambda folder: (folder / "another").symlink_to("lib"), False),
    (lambda folder: [(folder / "link").unlink(), (folder / "link").symlink_to("lib/two words")], False),
    (lambda folder: (folder / "lib/one").write_text("2"), False),
    (lambda folder: (folder / "lib/one").unlink(), False),
    (lambda folder: shutil.rmtree(folder / "lib"), False),
    (lambda folder: (folder / NAME).unlink(), False),
    (lambda folder: (folder / NAME).write_text(""), False),
    (lambda folder: (folder / NAME).write_bytes(b"\xff"), False),
    (lambda folder: (folder / NAME).write_text("# another\n"), False),
    (lambda folder: (folder / NAME).write_text("# a heading\nhalf a li"), False),
    (lambda folder: (folder / NAME).write_text(f"# a heading\n{EMPTY}  /dev/null\n"), False),
    (lambda folder: (folder / NAME).write_text(f"# a heading\n{EMPTY}  ../../../../../../dev/null\n"), False),
]


@pytest.mark.parametrize(("change", "whole"), CHANGED)
def test_what_counts_as_whole(folder: Path, change: Callable[[Path], object], whole: bool) -> None:
    change(folder)
    assert intact(folder, "a heading") is whole


def test_sha256sum_reads_it(folder: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", NAME], cwd=folder, check=True)


def test_a_file_is_held_to_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    verify(file, EMPTY)
    with pytest.raises(ArchiveChanged, match=f"file has sha256 {EMPTY}, but its hash was given as 00"):
        verify(file, "00")
    with pytest.raises(ArchiveUnreadable, match="none cannot be read: No such file or directory"):
        verify(tmp_path / "none", EMPTY)
