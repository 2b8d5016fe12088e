# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that collects, whatever it is."""

from __future__ import annotations

import platform
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import controller
from ansible_collections.airgap.uv.plugins.module_utils.controller import Machine
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform
from ansible_collections.airgap.uv.plugins.module_utils.target import Target

GLIBC, NO_LIBC = ("glibc", "2.36"), ("", "")

# What `platform` says (system, machine, libc), bytes of a pointer, and what that makes.
MACHINES: list[tuple[tuple[str, str, tuple[str, str]], int, tuple[str, str, str], str]] = [
    (("Linux", "x86_64", GLIBC), 8, ("linux", "x86_64", "glibc"), "x86_64 glibc 2.36"),
    (("Linux", "x86_64", GLIBC), 4, ("linux", "i686", "glibc"), "i686 glibc 2.36"),
    (("Linux", "aarch64", NO_LIBC), 8, ("linux", "aarch64", "musl"), "aarch64 musl"),
    (("Linux", "aarch64", GLIBC), 4, ("linux", "armv7l", "glibc"), "armv7l glibc 2.36"),
    (("Darwin", "arm64", NO_LIBC), 8, ("macos", "aarch64", ""), "macos aarch64 14.2"),
    (("FreeBSD", "amd64", NO_LIBC), 8, ("freebsd", "x86_64", ""), "freebsd x86_64 14.2"),
]


@pytest.mark.parametrize(("says", "pointer", "wanted", "shown"), MACHINES)
def test_this_machine(
    says: tuple[str, str, tuple[str, str]],
    pointer: int,
    wanted: tuple[str, str, str],
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system, arch, libc = says
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: arch)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    monkeypatch.setattr(platform, "mac_ver", lambda: ("14.2", ("", "", ""), arch))
    monkeypatch.setattr(struct, "calcsize", lambda _format: pointer)
    machine = Machine.this()
    assert ((machine.system, machine.arch, machine.libc), str(machine)) == (wanted, shown)


COMPILES = [
    ("x86_64-manylinux_2_17", True),
    ("x86_64-manylinux_2_41", True),
    ("x86_64-unknown-linux-musl", False),
    ("aarch64-manylinux_2_36", False),
    ("i686-manylinux_2_36", False),
    ("macos", False),
    ("windows", False),
]


@pytest.mark.parametrize(("name", "wanted"), COMPILES)
def test_what_it_compiles_for(name: str, wanted: bool) -> None:
    assert Machine("linux", "x86_64", "glibc", "2.36").compiles_for(Platform.parse(name)) is wanted


def interpreter(system: str, machine: str, libc: str | None) -> Interpreter:
    markers = {
        "implementation_name": "cpython",
        "platform_machine": machine,
        "platform_system": system,
        "sys_platform": "darwin" if system == "Darwin" else "linux",
    }
    return Interpreter("/nonexistent/python3", "3.12.1", False, 64, libc, markers)


OWN = [
    (interpreter("Linux", "x86_64", "glibc 2.36"), "3.12.1-x86_64-manylinux_2_36"),
    (interpreter("Darwin", "arm64", None), "3.12.1-aarch64-apple-darwin"),
    (interpreter("Darwin", "x86_64", None), "3.12.1-x86_64-apple-darwin"),
]


@pytest.mark.parametrize(("found", "label"), OWN)
def test_this_machine_as_a_target(
    found: Interpreter, label: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its markers do not contradict its platform."""

    def nothing(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        raise OSError(argv, cwd, env)

    monkeypatch.setattr(controller, "find_python", lambda *_arguments: found)
    raw: dict[str, Any] = controller.own_target(tmp_path, ">=3.9", nothing)
    assert Target.parse(raw).label == label
