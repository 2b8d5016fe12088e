# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.places import Place, kept_wheels, nearest, places


def filesystem(flags: int = 0, inodes: int = 100) -> SimpleNamespace:
    return SimpleNamespace(f_bavail=10, f_frsize=4096, f_files=inodes, f_favail=inodes and 7, f_flag=flags)


MOUNTED = [
    (filesystem(), (False, False)),
    (filesystem(os.ST_RDONLY), (True, False)),
    (filesystem(os.ST_NOEXEC | os.ST_NOSUID), (False, True)),
    (filesystem(os.ST_RDONLY | os.ST_NOEXEC), (True, True)),
]


@pytest.mark.parametrize(("found", "told"), MOUNTED)
def test_how_a_file_system_is_mounted_is_told(found: SimpleNamespace, told: tuple[bool, bool], tmp_path: Path) -> None:
    place = Place.of(tmp_path / "app/releases", lambda path: found)
    assert (place.read_only, place.noexec) == told
    assert (place.at, place.free_bytes, place.free_inodes) == (str(tmp_path), 40960, 7)


def test_a_file_system_that_counts_no_inodes_has_none_to_tell(tmp_path: Path) -> None:
    assert Place.of(tmp_path, lambda path: filesystem(inodes=0)).free_inodes is None


def test_each_place_is_looked_at_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app/releases").symlink_to(tmp_path / "big")
    asked: list[str] = []

    def statvfs(path: str) -> SimpleNamespace:
        asked.append(path)
        return filesystem()

    found = places(tmp_path / "app", statvfs, tmp=tmp_path)
    assert list(found) == ["releases", "wheels", "bin", "python", "tmp"]
    assert asked == [str(tmp_path / "app/releases"), *[str(tmp_path / "app")] * 3, str(tmp_path)]
    assert {place["device"] for place in found.values()} == {tmp_path.stat().st_dev}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_not_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert not Place.of(tmp_path / "app").writable


def test_a_file_where_a_folder_is_wanted_is_not_writable(tmp_path: Path) -> None:
    assert Place.of(tmp_path / "app").writable
    (tmp_path / "app").touch()
    assert not Place.of(tmp_path / "app/releases").writable


def test_the_nearest_folder_is_found(tmp_path: Path) -> None:
    assert nearest(tmp_path / "a/b/c") == tmp_path
    assert nearest(tmp_path) == tmp_path


def test_the_wheels_that_are_there_are_told_by_path_and_size(tmp_path: Path) -> None:
    for name in (
        "b-1-py3-none-any.whl",
        "a-1-py3-none-any.whl",
        "0123456789ab/a-1-py3-none-any.whl",
        "0123456789ab/deep/a-2-py3-none-any.whl",
        ".cache/a-3-py3-none-any.whl",
        ".b-1-py3-none-any.whl",
        "wheelhouse.json",
        "folder.whl/x",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link-1-py3-none-any.whl").symlink_to("b-1-py3-none-any.whl")
    assert list(kept_wheels(tmp_path).items()) == [
        ("0123456789ab/a-1-py3-none-any.whl", 33),
        ("a-1-py3-none-any.whl", 20),
        ("b-1-py3-none-any.whl", 20),
    ]


def test_without_a_wheelhouse_there_are_no_wheels(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept_wheels(tmp_path / "none") == kept_wheels(tmp_path / "file") == {}
