# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.errors import SourceUnsafe
from ansible_collections.airgap.uv.plugins.module_utils.unpacking import refuse_escaping, unpack

LINK = 0o120777 << 16


def tar(folder: Path, *members: tuple[str, str], links: tuple[tuple[str, str], ...] = (), mode: int = 0o600) -> Path:
    path = folder / "a-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, target in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, text in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), mode
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def zipped(folder: Path, *members: tuple[str, str], links: tuple[tuple[str, str], ...] = (), mode: int = 0o600) -> Path:
    path = folder / "a-1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (*members, *links):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = LINK if (name, text) in links else (0o100000 | mode) << 16
            archive.writestr(entry, text)
    return path


@pytest.mark.parametrize("make", [tar, zipped])
@pytest.mark.parametrize("name", ["a-1/../../evil", "../evil", "/tmp/evil"])
def test_a_path_outside_is_refused(make: object, name: str, tmp_path: Path) -> None:
    path = make(tmp_path, ("a-1/x", "1"), (name, "2"))  # type: ignore[operator]
    with pytest.raises(SourceUnsafe, match=r"nothing of it ran.*evil|evil") as caught:
        refuse_escaping(path)
    assert "evil" in caught.value.reason
    with pytest.raises(SourceUnsafe, match="evil"):
        unpack(path, tmp_path / "deep" / "out", ".")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("make", [tar, zipped])
def test_nothing_is_written_through_a_link(make: object, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    path = make(tmp_path, ("a-1/door/x", "1"), links=(("a-1/door", str(tmp_path / "victim")),))  # type: ignore[operator]
    with pytest.raises(SourceUnsafe):
        unpack(path, tmp_path / "out", ".")
    assert not list((tmp_path / "victim").iterdir())


@pytest.mark.parametrize("make", [tar, zipped])
@pytest.mark.parametrize(("top", "part"), [("mono-1/", "pkgs/sub"), ("", "pkgs/sub"), ("mono-1/", ".")])
def test_a_folder_of_an_archive(make: object, top: str, part: str, tmp_path: Path) -> None:
    path = make(tmp_path, (f"{top}pkgs/sub/x", "1"), (f"{top}README", "2"), mode=0o700)  # type: ignore[operator]
    folder = unpack(path, tmp_path / "out", part)
    found = folder / ("x" if part != "." else "README")
    assert found.is_file()
    assert found.stat().st_mode & 0o777 == 0o755
    assert found.stat().st_mtime == 315532800.0


@pytest.mark.parametrize("make", [tar, zipped])
def test_links_inside(make: object, tmp_path: Path) -> None:
    path = make(tmp_path, ("a-1/x", "1"), links=(("a-1/y", "x"),))  # type: ignore[operator]
    refuse_escaping(path)
    assert (unpack(path, tmp_path / "out", ".") / "y").read_text(encoding="utf-8") == "1"


@pytest.mark.parametrize("part", ["absent", "../..", "/etc"])
def test_a_folder_that_is_not_in_it(part: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnsafe, match=part):
        unpack(tar(tmp_path, ("a-1/x", "1")), tmp_path / "out", part)


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a-1.tar.gz"
    path.write_bytes(b"nothing")
    refuse_escaping(path)  # uv says what is wrong with it
    with pytest.raises(SourceUnsafe, match=r"a-1\.tar\.gz"):
        unpack(path, tmp_path / "out", ".")


@pytest.mark.parametrize(
    ("members", "links", "said"),
    [
        ((("a-1/x", "1"),), (), ""),
        ((("a-1/x", "1"),), (("a-1/y", "x"),), ""),
        ((("a-1/x", "1"),), (("a-1/y", "../../evil"),), "outside the destination"),
        ((("a-1/x", "1"),), (("a-1/y", "/etc"),), "outside the destination"),
    ],
)
def test_a_python_without_filters_is_as_careful(
    members: tuple[tuple[str, str], ...],
    links: tuple[tuple[str, str], ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tar(tmp_path, *members, links=links, mode=0o4777)
    monkeypatch.delattr(tarfile, "data_filter")
    if said:
        with pytest.raises(SourceUnsafe, match=said):
            refuse_escaping(path)
        with pytest.raises(SourceUnsafe, match=said):
            unpack(path, tmp_path / "out", "")
        return
    refuse_escaping(path)
    assert (unpack(path, tmp_path / "out", "") / "x").stat().st_mode & 0o7777 == 0o755
