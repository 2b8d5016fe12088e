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
from ansible_collections.airgap.uv.plugins.module_utils.unpacking import refuse_escaping, settle, unpack

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


@pytest.mark.parametrize("target", ["/tmp", "../..", "x/../../.."])
@pytest.mark.parametrize("make", [tar, zipped])
def test_a_link_that_leads_outside_is_refused(make: object, target: str, tmp_path: Path) -> None:
    path = make(tmp_path, ("a-1/x/y", "1"), links=(("a-1/door", target),))  # type: ignore[operator]
    for refused in (lambda: refuse_escaping(path), lambda: unpack(path, tmp_path / "deep" / "out", ".")):
        with pytest.raises(SourceUnsafe) as caught:
            refused()
        assert caught.value.reason == f"its link a-1/door leads out of it, to {target}"


@pytest.mark.parametrize("make", [tar, zipped])
def test_no_link_is_made_through_a_link(make: object, tmp_path: Path) -> None:
    """Not even where the first leads to a folder inside."""
    path = make(tmp_path, links=(("a-1/door", "."), ("a-1/door/planted", "x")))  # type: ignore[operator]
    for refused in (lambda: refuse_escaping(path), lambda: unpack(path, tmp_path / "out", ".")):
        with pytest.raises(SourceUnsafe, match=r"its member a-1/door/planted would be written through its link a-1/d"):
            refused()
    assert not (tmp_path / "out" / "a-1" / "planted").is_symlink()


def test_links_of_links_that_are_too_long_to_follow(tmp_path: Path) -> None:
    """CVE-2025-4517: with longer paths than a system call takes, some Pythons take a link for one that stays inside."""
    victim = tmp_path / "victim"
    victim.mkdir()
    long, letters = "d" * 247, "abcdefghijklmnop"
    path = tmp_path / "a-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:

        def add(name: str, kind: bytes, target: str = "") -> None:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o755
            archive.addfile(info)

        above = "a-1"
        for letter in letters:
            add(f"{above}/{long}", tarfile.DIRTYPE)
            add(f"{above}/{letter}", tarfile.SYMTYPE, long)
            above += f"/{long}"
        up = f"{'/'.join(letters)}/{'l' * 254}"
        add(f"a-1/{up}", tarfile.SYMTYPE, "../" * len(letters))
        add("a-1/escape", tarfile.SYMTYPE, f"{up}{'/..' * 40}{victim}")
        add("a-1/escape/pwn", tarfile.REGTYPE)
    for refused in (lambda: refuse_escaping(path), lambda: unpack(path, tmp_path / "out", ".")):
        with pytest.raises(SourceUnsafe, match="through its link a-1/a"):
            refused()
    assert not list(victim.iterdir())


def test_a_member_in_place_of_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = tar(tmp_path, ("a-1/x", "1"), links=(("a-1/x", "y"),))
    with pytest.raises(SourceUnsafe, match=r"its member a-1/x would be written through its link a-1/x"):
        unpack(path, tmp_path / "out" / "deep", ".")


@pytest.mark.parametrize("target", ["a-1/door/x", "a-1/absent", "../victim"])
def test_a_hard_link_leads_to_a_file_of_the_archive(target: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("1", encoding="utf-8")
    path = tmp_path / "a-1.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("a-1/x"))
        for name, kind, to in (("a-1/door", tarfile.SYMTYPE, "."), ("a-1/y", tarfile.LNKTYPE, target)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, to
            archive.addfile(info)
    for refused in (lambda: refuse_escaping(path), lambda: unpack(path, tmp_path / "out", ".")):
        with pytest.raises(SourceUnsafe, match=rf"its link a-1/y leads to {target}, which is no file of it"):
            refused()
    assert victim.stat().st_nlink == 1


def test_a_hard_link_inside(tmp_path: Path) -> None:
    path = tmp_path / "a-1.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("./a-1/x"))
        info = tarfile.TarInfo("./a-1/y")
        info.type, info.linkname = tarfile.LNKTYPE, "./a-1/x"
        archive.addfile(info)
    refuse_escaping(path)
    assert (unpack(path, tmp_path / "out", ".") / "y").stat().st_nlink == 2


def test_a_link_of_a_zip_file_has_a_length(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("a-1/x", "1"), links=(("a-1/door", "x/" * 4096),))
    for refused in (lambda: refuse_escaping(path), lambda: unpack(path, tmp_path / "out", ".")):
        with pytest.raises(SourceUnsafe, match="its link a-1/door leads nowhere"):
            refused()


def test_a_link_that_another_one_leads_outside_is_dropped(tmp_path: Path) -> None:
    """Its own text does not tell."""
    root = tmp_path / "out"
    root.mkdir()
    (root / "a" / "b").mkdir(parents=True)
    for name, target in (
        ("here", "."),
        ("loop", "loop"),
        ("x", "here/absent"),
        ("a/b/up", "../.."),
        ("out", "a/b/up/.."),
    ):
        (root / name).symlink_to(target)
    settle(root)
    assert sorted(path.name for path in root.rglob("*") if path.is_symlink()) == ["here", "loop", "up", "x"]


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
        ((("a-1/x", "1"),), (("a-1/y", "../../evil"),), "leads out of it"),
        ((("a-1/x", "1"),), (("a-1/y", "/etc"),), "leads out of it"),
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
