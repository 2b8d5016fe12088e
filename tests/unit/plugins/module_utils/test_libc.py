# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter
from ansible_collections.airgap.uv.plugins.module_utils.libc import (
    ARCHITECTURES,
    AbiUnsupported,
    Libc,
    LibcUnknown,
    machine_of,
)
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform
from ansible_collections.airgap.uv.tests.unit.support.elf import elf


def interpreter(
    libc: str | None = "glibc 2.36", machine: str = "x86_64", bits: int = 64, path: str = "/nonexistent/python"
) -> Interpreter:
    return Interpreter(path, "3.11.2", False, bits, libc, {"platform_machine": machine})


def no_run(argv: Sequence[str]) -> tuple[int, str, str]:
    raise AssertionError(argv)


PLATFORMS = [
    (interpreter(), "x86_64-manylinux_2_36"),
    (interpreter(machine="aarch64"), "aarch64-manylinux_2_36"),
    (interpreter(machine="x86_64", bits=32), "i686-manylinux_2_36"),
    (interpreter(machine="aarch64", bits=32), "armv7l-manylinux_2_36"),
    (interpreter(machine="armv8l", bits=32), "armv7l-manylinux_2_36"),
    (interpreter(machine="armv7l", bits=32), "armv7l-manylinux_2_36"),
    (interpreter("glibc 2.31.9000"), "x86_64-manylinux_2_31"),
]


@pytest.mark.parametrize(("python", "platform"), PLATFORMS)
def test_platform_has_the_name_that_uv_gives(python: Interpreter, platform: str) -> None:
    assert Libc.of(python, no_run).platform(python) == platform
    assert Platform.parse(platform).name == platform


MUSLS = [("1.2.4", "x86_64-unknown-linux-musl"), ("1.1.24", "x86_64-musllinux_1_1"), ("1.3", "x86_64-musllinux_1_3")]


@pytest.mark.parametrize(("version", "platform"), MUSLS)
def test_musl_is_asked_through_the_loader_of_the_interpreter(version: str, platform: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_bytes(elf(64, 62, loader="/opt/musl/ld-musl-x86_64.so.1"))
    python = interpreter(libc=None, path=str(program))
    asked: list[str] = []

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        asked.extend(argv)
        return 1, "", f"musl libc (x86_64)\nVersion {version}\nUsage: ..."

    libc = Libc.of(python, run)
    assert libc == Libc("musl", version)
    assert asked == ["/opt/musl/ld-musl-x86_64.so.1"]
    assert libc.platform(python) == platform
    assert Platform.parse(platform).libc == "musl"


def test_where_the_interpreter_cannot_be_read_the_hosts_loader_is_asked(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld-musl-x86_64.so.1").touch()
    answer = (1, "", "musl libc (x86_64)\nVersion 1.2.4\nUsage: ...")
    assert Libc.of(interpreter(libc=None), lambda argv: answer, tmp_path) == Libc("musl", "1.2.4")


@pytest.mark.parametrize("loader", ["", "/lib/ld-uClibc.so.0"])
def test_another_libc_is_refused(loader: str, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld-musl-x86_64.so.1").touch()
    (tmp_path / "python").write_bytes(elf(64, 62, loader=loader))
    with pytest.raises(LibcUnknown, match="is neither glibc nor musl, or it is linked statically"):
        Libc.of(interpreter(libc=None, path=str(tmp_path / "python")), no_run, tmp_path)


def test_a_loader_that_does_not_run_is_no_musl(tmp_path: Path) -> None:
    def overdue(argv: Sequence[str]) -> tuple[int, str, str]:
        raise TimeoutError(110, "no answer in 10 s")

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/ld-musl-x86_64.so.1").touch()
    with pytest.raises(LibcUnknown):
        Libc.of(interpreter(libc=None), overdue, tmp_path)


ARM, I386, X86_64 = 40, 3, 62

REFUSED = [
    (elf(32, ARM, 0x05000200), "aarch64", 32, "Arm without hardware floating point (armel)"),
    (elf(32, ARM, 0x05000200), "armv7l", 32, "Arm without hardware floating point (armel)"),
    (elf(32, X86_64), "x86_64", 32, "x32, 32-bit pointers on x86_64"),
    (elf(64, X86_64), "i686", 64, "64 bits, and this process is told that the machine is 32 bits wide (setarch)"),
    (elf(32, ARM, 0x05000400), "armv6l", 32, "armv6l"),
    (elf(64, 258), "loongarch64", 64, "loongarch64"),
]


@pytest.mark.parametrize(("content", "machine", "bits", "abi"), REFUSED)
def test_what_no_wheel_is_built_for_is_refused_by_name(
    content: bytes, machine: str, bits: int, abi: str, tmp_path: Path
) -> None:
    (tmp_path / "python").write_bytes(content)
    with pytest.raises(AbiUnsupported) as caught:
        machine_of(interpreter(machine=machine, bits=bits, path=str(tmp_path / "python")))
    assert f"{tmp_path}/python is compiled for {abi}, and wheels are chosen for aarch64, " in str(caught.value)


@pytest.mark.parametrize(("content", "machine"), [(elf(32, ARM, 0x05000400), "armv7l"), (elf(32, I386), "i686")])
def test_the_usual_32_bit_programs_are_taken(content: bytes, machine: str, tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(content)
    assert machine_of(interpreter(machine=machine, bits=32, path=str(tmp_path / "python"))) == machine


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_architecture_is_one_that_can_be_collected_for(machine: str) -> None:
    assert Platform.parse(f"{machine}-manylinux_2_36").arch == machine
