# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheel, Wheelhouse, write_text
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper


def wheel(path: Path, house: Path) -> Wheel:
    return Wheel(
        path.name.split("-")[0],
        path.name.split("-")[1],
        path.name,
        path.relative_to(house).as_posix(),
        path.stat().st_size,
        sha256(path),
        {"kind": "index", "url": f"https://index.test/files/{path.name}"},
    )


def filled(folder: Path, *names: str) -> Wheelhouse:
    """A wheelhouse with these wheels, written."""
    house = Wheelhouse.read(folder)
    house.write([wheel(make_wheel(folder, name), folder) for name in names or ("alpha", "beta")])
    return house


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    written = filled(tmp_path / "w")
    read = Wheelhouse.read(tmp_path / "w")
    assert read.wheels == written.wheels
    assert [each.name for each in read.wheels] == ["alpha", "beta"]
    assert (written.fresh, read.fresh) == (True, False)


def test_sha256sum_accepts_the_sums(tmp_path: Path) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("sha256sum is not installed")
    filled(tmp_path)
    command = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(line.split(":")[0] for line in done.stdout.splitlines()) == [
        "alpha-1.0-py3-none-any.whl",
        "beta-1.0-py3-none-any.whl",
        "wheelhouse.json",
    ]


def test_writing_the_same_touches_nothing(tmp_path: Path) -> None:
    house = filled(tmp_path)
    before = snapshot(tmp_path)
    assert house.write([]) is False
    assert Wheelhouse.read(tmp_path).write(house.wheels) is False
    assert snapshot(tmp_path) == before


def test_modes_do_not_follow_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        filled(tmp_path)
    finally:
        os.umask(old)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("wheelhouse.json", "SHA256SUMS")} == {0o644}


FOREIGN = [
    ({"notes.txt": "x"}, "notes.txt"),
    ({"alpha-1.0-py3-none-any.whl": "", "src/main.py": ""}, "src"),
    ({"wheelhouse.json": "{"}, "wheelhouse.json"),
    ({"wheelhouse.json": "[]"}, "wheelhouse.json"),
    ({"wheelhouse.json": '{"version": 99, "wheels": []}'}, "version 99"),
    ({"wheelhouse.json": '{"version": 1, "wheels": [{"name": "alpha"}]}'}, "wheelhouse.json"),
    ({"wheelhouse.json": '{"version": 1, "wheels": 1}'}, "wheelhouse.json"),
]


@pytest.mark.parametrize(("files", "named"), FOREIGN)
def test_a_folder_that_holds_something_else(files: dict[str, str], named: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = snapshot(tmp_path)
    with pytest.raises(errors.NotAWheelhouse) as caught:
        Wheelhouse.read(tmp_path)
    assert named in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert snapshot(tmp_path) == before


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("", encoding="utf-8")
    with pytest.raises(errors.NotAWheelhouse):
        Wheelhouse.read(tmp_path / "w")


OUTSIDE = ["../outside.whl", "/etc/hostname", "a/../../outside.whl"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_manifest_that_names_a_file_outside(path: str, tmp_path: Path) -> None:
    """A path of a manifest is never followed out of the wheelhouse."""
    (tmp_path / "outside.whl").write_text("", encoding="utf-8")
    house = tmp_path / "w"
    filled(house)
    manifest = json.loads((house / "wheelhouse.json").read_text(encoding="utf-8"))
    manifest["wheels"][0]["path"] = path
    (house / "wheelhouse.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(errors.NotAWheelhouse):
        Wheelhouse.read(house)


def test_places(tmp_path: Path) -> None:
    house = filled(tmp_path)
    known = house.wheels[0]
    assert house.place(known.filename, known.sha256) == known.filename
    assert house.place("new-1.0-py3-none-any.whl", "f" * 64) == "new-1.0-py3-none-any.whl"
    assert house.place(known.filename, "f" * 64) == f"ffffffffffff/{known.filename}"
    assert house.place(known.filename, known.sha256, built=True) == f"{known.sha256[:12]}/{known.filename}"


def harm(kind: str, path: Path) -> None:
    if kind == "tampered":
        tamper(path)
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif kind == "removed":
        path.unlink()
    elif kind == "a link":
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved").name)
    elif kind == "a folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("kind", ["tampered", "truncated", "removed", "a link", "a folder"])
def test_nothing_is_trusted_for_its_name(kind: str, tmp_path: Path) -> None:
    house = filled(tmp_path)
    wanted = {each.path: each.sha256 for each in house.wheels}
    assert house.absent(wanted) == []
    harm(kind, tmp_path / "alpha-1.0-py3-none-any.whl")
    assert house.absent(wanted) == ["alpha-1.0-py3-none-any.whl"]


def test_a_wheel_that_is_gone_leaves_the_manifest(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "alpha-1.0-py3-none-any.whl").unlink()
    house = Wheelhouse.read(tmp_path)
    assert house.write([]) is True
    assert [each.name for each in Wheelhouse.read(tmp_path).wheels] == ["beta"]


def test_unwanted_wheels_and_their_removal(tmp_path: Path) -> None:
    house = filled(tmp_path)
    built = make_wheel(tmp_path / "0123456789ab", "gamma")
    stray = make_wheel(tmp_path, "stray")
    assert house.unwanted(["alpha-1.0-py3-none-any.whl"]) == [
        f"0123456789ab/{built.name}",
        "beta-1.0-py3-none-any.whl",
        stray.name,
    ]
    house.remove(house.unwanted(["alpha-1.0-py3-none-any.whl"]))
    house.write([])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "SHA256SUMS",
        "alpha-1.0-py3-none-any.whl",
        "wheelhouse.json",
    ]


def test_two_runs_exclude_each_other(tmp_path: Path) -> None:
    waits: list[Any] = []
    first, second = Wheelhouse.read(tmp_path), Wheelhouse.read(tmp_path)
    with (
        first.locked(0, waits.clear),
        pytest.raises(errors.WheelhouseBusy, match=str(tmp_path)),
        second.locked(0.6, lambda: waits.append(1)),
    ):
        pass
    assert waits
    with second.locked(0, waits.clear):
        pass


def test_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    house = Wheelhouse.read(tmp_path)
    remains = house.cache / "tmp" / "old"
    remains.mkdir(parents=True)
    (remains / "x.part").write_bytes(b"half")
    with house.temporary() as folder:
        assert list(folder.iterdir()) == []
        (folder / "y.part").write_bytes(b"half")
    assert not list(house.cache.rglob("*.part"))


def test_write_text_is_atomic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    assert write_text(path, "one") is True
    assert write_text(path, "one") is False

    def no_space(*ignored: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "two")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_text(encoding="utf-8") == "one"
