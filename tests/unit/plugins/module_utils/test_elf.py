# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.elf import Program
from ansible_collections.airgap.uv.tests.unit.support.elf import elf

ARM, HARD, SOFT = 40, 0x05000400, 0x05000200

PROGRAMS = [
    (elf(64, 62, loader="/lib64/ld-linux-x86-64.so.2"), Program(64, 62, 0, "/lib64/ld-linux-x86-64.so.2")),
    (elf(64, 62), Program(64, 62, 0, None)),
    (elf(32, 3, loader="/lib/ld-linux.so.2"), Program(32, 3, 0, "/lib/ld-linux.so.2")),
    (elf(32, ARM, HARD, loader="/lib/ld-linux-armhf.so.3"), Program(32, ARM, HARD, "/lib/ld-linux-armhf.so.3")),
    (elf(64, 22, big_endian=True, loader="/lib/ld64.so.1"), Program(64, 22, 0, "/lib/ld64.so.1")),
    (b"#!/bin/sh\n", None),
    (b"", None),
    (b"\x7fELF", None),
    (elf(64, 62, loader="/lib64/ld-linux-x86-64.so.2")[:100], None),
]


@pytest.mark.parametrize(("content", "program"), PROGRAMS)
def test_a_header_is_read(content: bytes, program: Program | None, tmp_path: Path) -> None:
    (tmp_path / "python").write_bytes(content)
    assert Program.read(tmp_path / "python") == program


def test_what_is_not_there_is_no_program(tmp_path: Path) -> None:
    assert Program.read(tmp_path / "none") is None
    assert Program.read(tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="programs are ELF on Linux")
def test_the_own_interpreter_is_one() -> None:
    own = Program.read(Path(sys.executable))
    assert own is not None
    assert own.bits == (64 if sys.maxsize > 2**32 else 32)


def test_arm_with_hardware_floating_point_is_told_from_other_arm() -> None:
    assert Program(32, ARM, HARD, None).hard_float
    assert not Program(32, ARM, SOFT, None).hard_float
    assert not Program(32, ARM, 0x04000400, None).hard_float
