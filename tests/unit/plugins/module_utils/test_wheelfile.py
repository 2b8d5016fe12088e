# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels that lie, and wheels with compiled code, all of them real archives."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.requires import Linked, Requires
from ansible_collections.airgap.uv.plugins.module_utils.target import Platform, Target
from ansible_collections.airgap.uv.plugins.module_utils.wheelfile import WheelFile
from ansible_collections.airgap.uv.tests.unit.support.elf import elf, make_library
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

INFO = "alpha-1.0.dist-info"
X86 = Target.parse({"python": "3.11", "platform": "x86_64-manylinux_2_36"})
ARM = Target.parse({"python": "3.11", "platform": "aarch64-manylinux_2_36"})
MACHO = b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01" + bytes(24)
PE = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + (0x8664).to_bytes(2, "little")

Members = dict[str, bytes]


def rewritten(wheel: Path, change: Callable[[Members], object]) -> Path:
    """The wheel with other members; what is None is left out."""
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return wheel


def replaced(member: str, old: str, new: str) -> Callable[[Members], object]:
    def change(members: Members) -> None:
        name = member if "/" in member else f"{INFO}/{member}"
        text = members[name].decode()
        assert old in text
        members[name] = text.replace(old, new).encode()

    return change


def both(*changes: Callable[[Members], object]) -> Callable[[Members], object]:
    return lambda members: [change(members) for change in changes]


def added(name: str, data: bytes = b"") -> Callable[[Members], object]:
    return lambda members: members.update({name: data})


def removed(name: str) -> Callable[[Members], object]:
    return lambda members: members.pop(name)


# METADATA and WHEEL are in RECORD, so a change of one is told twice.
LIES: list[tuple[Callable[[Members], object], str]] = [
    (replaced("METADATA", "Name: alpha", "Name: alpbb"), "METADATA says that its name is alpbb"),
    (replaced("METADATA", "Version: 1.0", "Version: 2.0"), "METADATA says that its version is 2.0"),
    (replaced("METADATA", "Version: 1.0\n", ""), "METADATA says that its version is nothing"),
    (replaced("METADATA", "Name: alpha", "Name: alpha\nName: beta"), "METADATA says that its name is alpha, beta"),
    (removed(f"{INFO}/METADATA"), f"it has no {INFO}/METADATA that can be read"),
    (replaced("WHEEL", "py3-none-any", "py2-none-any"), "WHEEL says that its tags are py2-none-any"),
    (replaced("WHEEL", "Tag: py3-none-any", "Tag: nonsense"), "WHEEL says that its tags are nonsense"),
    (replaced("WHEEL", "Purelib: true", "Purelib: false"), "holds code for one platform (Root-Is-Purelib: false)"),
    (replaced("WHEEL", "Purelib: true", "Purelib: maybe"), "Root-Is-Purelib: maybe, which must be true or false"),
    (removed(f"{INFO}/WHEEL"), f"it has no {INFO}/WHEEL that can be read"),
    (removed(f"{INFO}/RECORD"), f"it has no {INFO}/RECORD that can be read"),
    (added(f"{INFO}/RECORD", b"\xff"), f"it has no {INFO}/RECORD that can be read"),
    (added("alpha/more.py"), "alpha/more.py is not in RECORD"),
    (removed("alpha/__init__.py"), "RECORD lists alpha/__init__.py, which is not in it"),
    (added("alpha/__init__.py", b"x"), "alpha/__init__.py has other bytes than RECORD says"),
    (replaced("RECORD", "__init__.py,sha256=", "__init__.py,md5="), "RECORD has no hash of alpha/__init__.py"),
    (replaced("RECORD", ",sha256=", ",sha256=%"), "alpha/__init__.py has other bytes than RECORD says"),
    (replaced("RECORD", "RECORD,,", "RECORD,,\nalpha/x.py"), "RECORD has a line that is not valid, 'alpha/x.py'"),
    (replaced("RECORD", "RECORD,,", "RECORD,,\n../x.py,,"), "RECORD lists '../x.py', which leads outside the wheel"),
    (added("../alpha.py"), "'../alpha.py' leads outside the wheel"),
    (added("/alpha.py"), "'/alpha.py' is not a path inside the wheel"),
    (added("alpha/../../x.py"), "'alpha/../../x.py' leads outside the wheel"),
    (added("beta-1.0.dist-info/METADATA"), "it needs one .dist-info folder and has alpha-1.0.dist-info, beta-1.0"),
    (lambda members: members.clear(), "it needs one .dist-info folder and has none"),
]


@pytest.mark.parametrize(("change", "said"), LIES)
def test_a_wheel_that_lies(change: Callable[[Members], object], said: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha")
    assert WheelFile.read(wheel) == WheelFile()
    assert said in WheelFile.read(rewritten(wheel, change)).shown


def test_a_size_that_record_lies_about(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha")
    with zipfile.ZipFile(wheel) as archive:
        line = archive.read(f"{INFO}/RECORD").decode().splitlines()[0]
    rewritten(wheel, replaced("RECORD", line, f"{line}0"))
    assert WheelFile.read(wheel).shown.startswith("alpha/__init__.py has ")


@pytest.mark.parametrize("name", ["alpha-2.0-py3-none-any.whl", "beta-1.0-py3-none-any.whl"])
def test_a_wheel_under_another_name(name: str, tmp_path: Path) -> None:
    renamed = make_wheel(tmp_path, "alpha").rename(tmp_path / name)
    found = WheelFile.read(renamed)
    assert len(found.problems) == 2
    assert found.shown.startswith(f"its folder {INFO} is that of another package or version than its file name; META")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no archive"])
def test_what_is_no_archive(content: bytes, tmp_path: Path) -> None:
    wheel = tmp_path / "alpha-1.0-py3-none-any.whl"
    wheel.write_bytes(content)
    assert WheelFile.read(wheel).shown.startswith("it cannot be read (")


def test_a_directory_that_points_before_the_archive(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha")
    data = bytearray(wheel.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 16] ^= 1  # where the directory begins
    data[end + 17] |= 0x40
    wheel.write_bytes(data)
    assert "it cannot be read (its directory names a place before its own beginning)" in WheelFile.read(wheel).shown


def test_a_wheel_that_was_damaged(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha", padding=3_000_000)
    data = bytearray(wheel.read_bytes())
    data[2_000_000] ^= 1
    wheel.write_bytes(data)
    assert "it cannot be read (Bad CRC-32 for file 'alpha/padding.bin')" in WheelFile.read(wheel).shown


def test_names_are_compared_as_installers_do(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "Some.Name", "1.0.0+local.1")
    assert WheelFile.read(wheel).problems == ()
    assert WheelFile.read(make_wheel(tmp_path, "alpha", tag="py2.py3-none-any")).problems == ()


def test_only_so_many_problems_are_named(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "alpha")
    rewritten(wheel, lambda members: members.update({f"alpha/{number}.py": b"" for number in range(9)}))
    assert WheelFile.read(wheel).shown.endswith("; and 4 more")


def with_member(folder: Path, name: str, data: bytes, tag: str = "py3-none-any") -> Path:
    """A wheel that holds `data`, with a RECORD that is right."""
    wheel = make_wheel(folder, "alpha", tag=tag, files={name: "DATA"})
    with zipfile.ZipFile(wheel) as archive:
        line = next(row for row in archive.read(f"{INFO}/RECORD").decode().splitlines() if row.startswith(f"{name},"))
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    right = replaced("RECORD", line, f"{name},sha256={digest},{len(data)}")
    return rewritten(wheel, both(added(name, data), right))


COMPILED = [
    ("alpha/native.so", elf(64, 62), "alpha/native.so, compiled code (ELF x86_64)"),
    ("alpha/tool", elf(64, 62), "alpha/tool, compiled code (ELF x86_64)"),
    ("alpha/native.so", MACHO, "alpha/native.so, compiled code (MACH-O aarch64)"),
    ("alpha/native.pyd", PE, "alpha/native.pyd, compiled code (PE x86_64)"),
]


@pytest.mark.parametrize(("name", "data", "said"), COMPILED)
def test_compiled_code_in_a_wheel_for_anywhere(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    wheel = with_member(tmp_path, name, data)
    assert WheelFile.read(wheel).problems == ()
    assert [binary.name for binary in WheelFile.read(wheel).binaries] == [name]
    told = WheelFile.read(wheel, [ARM]).shown
    assert told == f"its name says that it runs anywhere, and {said}, does not run on {ARM.label}"
    assert bool(WheelFile.read(wheel, [X86]).problems) is (data in (MACHO, PE))
    tagged = with_member(tmp_path, name, data, tag="py3-none-linux_aarch64")
    assert WheelFile.read(tagged, [ARM]).problems == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("alpha/launcher.exe", PE),  # setuptools brings such
        ("alpha/text.txt", b"MZ is how a program for Windows begins"),
        ("alpha/Main.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34"),
        ("alpha/short", b"\x7fELF"),
    ],
)
def test_what_is_no_compiled_code_of_the_wheel(name: str, data: bytes, tmp_path: Path) -> None:
    found = WheelFile.read(with_member(tmp_path, name, data), [ARM])
    assert (found.problems, found.binaries, found.told) == ((), (), {})


LINKED = [
    ([Linked("a.so", (2, 14), ("libc.so.6", "libpq.so.5"), "")], Requires("2.14", ("libpq.so.5",))),
    (
        [
            Linked("a/x.so", (2, 34), ("libz.so.1", "libown.so.3", "ld-linux-x86-64.so.2"), ""),
            Linked("a.libs/libown-1f.so.3", (2, 4), ("libm.so.6",), "libown.so.3"),
        ],
        Requires("2.34", ("libz.so.1",)),
    ),
    ([Linked("a.so", (), ("ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1"), "")], Requires()),
    ([Linked("a.so", (), ("libpython3.11.so.1.0",), "")], Requires("", ("libpython3.11.so.1.0",))),
    (
        [
            Linked(
                "a/x.so",
                (2, 2, 5),
                ("libstdc++.so.6", "libown.so.3", "libc.so.6"),
                "",
                (
                    ("libstdc++.so.6", "GLIBCXX_3.4.9"),
                    ("libown.so.3", "OWN_1"),
                    ("libc.so.6", "GLIBC_ABI_GNU2_TLS"),
                    ("libstdc++.so.6", "CXXABI_FLOAT128"),
                    ("libfound.so.1", "FOUND_1"),  # in a folder of its run path
                ),
            ),
            Linked("b/y.so", (), ("libstdc++.so.6",), "", (("libstdc++.so.6", "GLIBCXX_3.4.29"),)),
            Linked("a.libs/libown-1f.so.3", (2, 4), ("libm.so.6",), "libown.so.3"),
        ],
        Requires(
            "2.4",
            (
                "libc.so.6(GLIBC_ABI_GNU2_TLS)",
                "libstdc++.so.6",
                "libstdc++.so.6(CXXABI_FLOAT128)",
                "libstdc++.so.6(GLIBCXX_3.4.29)",
            ),
        ),
    ),
    ([], Requires()),
]


@pytest.mark.parametrize(("files", "wanted"), LINKED)
def test_what_the_files_of_a_wheel_need_together(files: list[Linked], wanted: Requires) -> None:
    assert Requires.of(files) == wanted
    assert Requires.parse(wanted.as_dict()) == wanted


REFUSED = [
    ("2.34", "x86_64-manylinux_2_31", "needs glibc 2.34, and the target's 2.31 is older"),
    ("2.4", "x86_64-manylinux_2_31", ""),
    ("2.31", "x86_64-manylinux_2_31", ""),
    ("2.2.5", "x86_64-manylinux_2_31", ""),
    ("2.31.1", "x86_64-manylinux_2_31", ""),
    ("2.34.1", "x86_64-manylinux_2_31", "needs glibc 2.34.1, and the target's 2.31 is older"),
    ("2.31", "x86_64-unknown-linux-musl", "needs glibc 2.31, and the target has musl"),
    ("", "x86_64-unknown-linux-musl", ""),
    ("2.34", "macos", ""),
]


@pytest.mark.parametrize(("glibc", "platform", "said"), REFUSED)
def test_a_host_with_another_c_library(glibc: str, platform: str, said: str) -> None:
    assert Requires(glibc).refusal(Platform.parse(platform)) == said


NATIVE = "#include <zlib.h>\n#include <stdio.h>\nvoid hello(void) { puts(zlibVersion()); }\n"


def compiled(folder: Path, *arguments: str) -> bytes:
    (folder / "native.c").write_text(NATIVE, encoding="utf-8")
    argv = ["cc", "-shared", "-fPIC", "native.c", "-o", "native.so", "-lz", *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"zlib's header is not here: {done.stderr}")
    return (folder / "native.so").read_bytes()


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
@pytest.mark.parametrize(
    ("arguments", "libraries"),
    [
        ([], ["libz.so.1"]),
        (["-Wl,-rpath,/nonexistent/lib"], []),
        (["-Wl,-rpath,/etc"], ["libz.so.1"]),  # it is here, and holds no such library
        (["-Wl,-rpath,$ORIGIN"], ["libz.so.1"]),
        (["-Wl,-rpath,$ORIGIN/../nvidia/lib"], []),
        (["-Wl,--disable-new-dtags,-rpath,/nonexistent/lib"], []),
    ],
)
def test_code_that_was_compiled_here(arguments: list[str], libraries: list[str], tmp_path: Path) -> None:
    pytest.importorskip("elftools")
    found = WheelFile.read(with_member(tmp_path, "alpha/native.so", compiled(tmp_path, *arguments)))
    assert (found.problems, found.unread) == ((), "")
    assert found.requires is not None
    assert found.requires.glibc.startswith("2.")
    assert list(found.requires.libraries) == libraries


# What the linker is told, and what is found: the glibc, and libraries besides zlib itself.
VERSIONED = [
    (["-Wl,-z,pack-relative-relocs"], (2, 36), []),
    (["-lother"], (2, 2), ["libother.so.2", "libother.so.2(OTHER_1.3)"]),
]


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
@pytest.mark.parametrize(("arguments", "glibc", "libraries"), VERSIONED)
def test_versions_that_compiled_code_takes(
    arguments: list[str], glibc: tuple[int, ...], libraries: list[str], tmp_path: Path
) -> None:
    pytest.importorskip("elftools")
    make_library(tmp_path, "OTHER_1.2 { global: old; local: *; };\nOTHER_1.3 { global: other; } OTHER_1.2;\n")
    (tmp_path / "native.c").write_text(
        "#include <stdio.h>\nextern int other(void), old(void);\nvoid *table[] = {puts, puts, &table};\n"
        + "int hello(void) { return other() + old(); }\n" * bool(libraries),
        encoding="utf-8",
    )
    argv = ["cc", "-shared", "-fPIC", "native.c", "-o", "native.so", "-L.", *arguments]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode or "ignored" in done.stderr:
        pytest.skip(f"the linker is another: {done.stderr}")
    wheel = with_member(tmp_path, "alpha/native.so", (tmp_path / "native.so").read_bytes())
    found = WheelFile.read(wheel).requires
    assert found is not None
    assert tuple(int(part) for part in found.glibc.split(".")) >= glibc
    assert list(found.libraries) == libraries


def test_code_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    pytest.importorskip("elftools")
    found = WheelFile.read(with_member(tmp_path, "alpha/native.so", elf(64, 62)[:40]))
    assert (found.problems, found.told) == ((), None)
    assert found.unread.startswith("alpha/native.so: ")
