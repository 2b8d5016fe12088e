# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import subprocess

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.errors import TargetUnknown
from ansible_collections.airgap.uv.plugins.module_utils.platform_names import ARCHITECTURES, UV_NAMES
from ansible_collections.airgap.uv.plugins.module_utils.platforms import Platform, TargetContradicts
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable

# Name, system, architecture, libc, version.
PLATFORMS = [
    ("linux", "linux", "x86_64", "glibc", (2, 28)),
    ("x86_64-unknown-linux-gnu", "linux", "x86_64", "glibc", (2, 28)),
    ("aarch64-unknown-linux-gnu", "linux", "aarch64", "glibc", (2, 28)),
    ("armv7l-unknown-linux-gnu", "linux", "armv7l", "glibc", (2, 28)),
    ("riscv64-unknown-linux", "linux", "riscv64", "glibc", (2, 39)),
    ("x86_64-manylinux_2_36", "linux", "x86_64", "glibc", (2, 36)),
    ("x86_64-manylinux_2_5", "linux", "x86_64", "glibc", (2, 5)),
    ("x86_64-manylinux1", "linux", "x86_64", "glibc", (2, 5)),
    ("i686-manylinux2010", "linux", "i686", "glibc", (2, 12)),
    ("x86_64-manylinux2014", "linux", "x86_64", "glibc", (2, 17)),
    ("aarch64-manylinux_2_31", "linux", "aarch64", "glibc", (2, 31)),
    ("s390x-manylinux_2_17", "linux", "s390x", "glibc", (2, 17)),
    ("manylinux_2_28_x86_64", "linux", "x86_64", "glibc", (2, 28)),
    ("manylinux2014_aarch64", "linux", "aarch64", "glibc", (2, 17)),
    ("x86_64-unknown-linux-musl", "linux", "x86_64", "musl", (1, 2)),
    ("aarch64-unknown-linux-musl", "linux", "aarch64", "musl", (1, 2)),
    ("ppc64le-unknown-linux-musl", "linux", "ppc64le", "musl", (1, 2)),
    ("x86_64-musllinux_1_1", "linux", "x86_64", "musl", (1, 1)),
    ("musllinux_1_2_armv7l", "linux", "armv7l", "musl", (1, 2)),
    ("macos", "macos", "aarch64", "", (13, 0)),
    ("aarch64-apple-darwin", "macos", "aarch64", "", (13, 0)),
    ("x86_64-apple-darwin", "macos", "x86_64", "", (13, 0)),
    ("arm64-macosx_14_0", "macos", "aarch64", "", (14, 0)),
    ("x86_64-macosx_10_15", "macos", "x86_64", "", (10, 15)),
    ("macosx_11_0_arm64", "macos", "aarch64", "", (11, 0)),
    ("windows", "windows", "x86_64", "", (0, 0)),
    ("x86_64-pc-windows-msvc", "windows", "x86_64", "", (0, 0)),
    ("aarch64-pc-windows-msvc", "windows", "aarch64", "", (0, 0)),
    ("i686-pc-windows-msvc", "windows", "i686", "", (0, 0)),
    ("aarch64-linux-android", "android", "aarch64", "", (24, 0)),
    ("arm64-apple-ios", "ios", "aarch64", "", (13, 0)),
    ("x86_64-apple-ios-simulator", "ios", "x86_64", "", (13, 0)),
    ("wasm32-pyodide2025", "pyodide", "wasm32", "", (2025, 0)),
]


@pytest.mark.parametrize(("name", "system", "arch", "libc", "version"), PLATFORMS)
def test_a_name_is_read(name: str, system: str, arch: str, libc: str, version: tuple[int, int]) -> None:
    assert Platform.parse(name) == Platform(name, system, arch, libc, version)


@pytest.mark.parametrize("name", UV_NAMES)
def test_each_name_of_uv_is_its_own(name: str) -> None:
    platform = Platform.parse(name)
    assert platform.named_by_uv() == name
    assert len(platform.tags()) == len(set(platform.tags())) > 0


def test_there_is_no_other_name_of_uv() -> None:
    command = [str(uv_executable()), "pip", "install", "--python-platform", "none-such", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    named = re.search(r"possible values: ([^\]]+)\]", done.stderr)
    assert named, done.stderr
    assert set(re.split(r",\s*", named[1])) <= set(UV_NAMES)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("rest", ["manylinux_2_36", "manylinux2014", "unknown-linux-gnu", "unknown-linux-musl"])
def test_the_patterns_hold_for_every_architecture(arch: str, rest: str) -> None:
    platform = Platform.parse(f"{arch}-{rest}")
    assert (platform.system, platform.arch, platform.machine) == ("linux", arch, arch)
    assert platform.tags()[-1] == f"linux_{arch}"


# A wrong name, and the first of those that it is answered with.
WRONG = [
    ("x86-64-manylinux_2_36", "x86_64-manylinux_2_36"),
    ("x86_64-manylinux_2.36", "x86_64-manylinux_2_36"),
    ("x86_64-manylinux_2_36\n", "x86_64-manylinux_2_36"),
    ("X86_64-manylinux_2_36", "x86_64-manylinux_2_36"),
    ("armv7-unknown-linux-gnueabihf", "armv7l-unknown-linux-gnu"),
    ("x86_64-linux-musl", "x86_64-unknown-linux-musl"),
    ("aarch64-linux-gnu", "aarch64-unknown-linux-gnu"),
    ("arm64-pc-windows-msvc", "aarch64-pc-windows-msvc"),
    ("amd64-apple-darwin", "x86_64-apple-darwin"),
    ("macosx", "macos"),
    ("Windows", "windows"),
    ("win", "windows"),
    ("manylinux_2_36", "x86_64-manylinux_2_36"),
    ("x86_64-freebsd_14", "ARCH-manylinux_2_N"),
    ("", "ARCH-manylinux_2_N"),
]


@pytest.mark.parametrize(("name", "first"), WRONG)
def test_a_wrong_name_is_answered_with_right_ones(name: str, first: str) -> None:
    with pytest.raises(TargetUnknown) as caught:
        Platform.parse(name)
    assert repr(name) in str(caught.value)
    assert first in caught.value.known[:3], caught.value.known
    assert "ARCH-manylinux_2_N" in str(caught.value)
    assert all(arch in str(caught.value) for arch in ARCHITECTURES)


TOO_OLD = [
    ("x86_64-manylinux_2_4", "glibc is 2.4", "x86_64 begin with glibc 2.5"),
    ("aarch64-manylinux_2_16", "glibc is 2.16", "aarch64 begin with glibc 2.17"),
    ("aarch64-manylinux1", "glibc is 2.5", "aarch64 begin with glibc 2.17"),
    ("riscv64-manylinux2010", "glibc is 2.12", "riscv64 begin with glibc 2.17"),
    ("arm64-macosx_10_15", "macOS is 10.15", "aarch64 begin with macOS 11.0"),
    ("x86_64-macosx_10_3", "macOS is 10.3", "x86_64 begin with macOS 10.4"),
]


@pytest.mark.parametrize(("name", "one", "other"), TOO_OLD)
def test_a_version_older_than_the_architecture_is_a_contradiction(name: str, one: str, other: str) -> None:
    with pytest.raises(TargetContradicts) as caught:
        Platform.parse(name)
    assert one in str(caught.value)
    assert other in str(caught.value)


# What uv is asked for, where it has no name for the very version.
NAMED_BY_UV = [
    ("x86_64-manylinux_2_41", "x86_64-manylinux_2_40"),
    ("x86_64-manylinux_2_30", "x86_64-manylinux_2_28"),
    ("aarch64-manylinux_2_27", "aarch64-manylinux_2_17"),
    ("x86_64-manylinux_2_12", None),
    ("riscv64-manylinux_2_41", "riscv64-unknown-linux"),
    ("riscv64-manylinux_2_36", None),
    ("armv7l-manylinux_2_36", None),
    ("i686-unknown-linux-gnu", None),
    ("x86_64-musllinux_1_3", "x86_64-unknown-linux-musl"),
    ("x86_64-musllinux_1_1", None),
    ("armv7l-unknown-linux-musl", None),
    ("arm64-macosx_15_0", "aarch64-apple-darwin"),
    ("x86_64-macosx_11_0", None),
]


@pytest.mark.parametrize(("name", "named"), NAMED_BY_UV)
def test_the_nearest_older_name_of_uv(name: str, named: str | None) -> None:
    assert Platform.parse(name).named_by_uv() == named


TAGS = [
    (
        "x86_64-manylinux_2_18",
        ["manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_16_x86_64"],
    ),
    ("i686-manylinux1", ["manylinux_2_5_i686", "manylinux1_i686", "linux_i686"]),
    ("aarch64-manylinux2014", ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64"]),
    (
        "aarch64-unknown-linux-musl",
        ["musllinux_1_2_aarch64", "musllinux_1_1_aarch64", "musllinux_1_0_aarch64", "linux_aarch64"],
    ),
    ("macos", ["macosx_13_0_arm64", "macosx_13_0_universal2", "macosx_12_0_arm64"]),
    ("x86_64-macosx_11_0", ["macosx_11_0_x86_64", "macosx_11_0_intel"]),
    ("windows", ["win_amd64"]),
    ("i686-pc-windows-msvc", ["win32"]),
    ("aarch64-pc-windows-msvc", ["win_arm64"]),
    ("aarch64-linux-android", ["android_24_arm64_v8a", "android_23_arm64_v8a"]),
    ("arm64-apple-ios", ["ios_13_0_arm64_iphoneos", "ios_12_9_arm64_iphoneos"]),
    ("arm64-apple-ios-simulator", ["ios_13_0_arm64_iphonesimulator"]),
    ("wasm32-pyodide2024", ["pyemscripten_2024_0_wasm32", "pyodide_2024_0_wasm32"]),
]


@pytest.mark.parametrize(("name", "first"), TAGS)
def test_tags_from_the_best(name: str, first: list[str]) -> None:
    assert Platform.parse(name).tags()[: len(first)] == first


MARKERS = [
    ("x86_64-manylinux_2_36", "posix", "linux", "Linux", "x86_64"),
    ("armv7l-unknown-linux-musl", "posix", "linux", "Linux", "armv7l"),
    ("macos", "posix", "darwin", "Darwin", "arm64"),
    ("x86_64-apple-darwin", "posix", "darwin", "Darwin", "x86_64"),
    ("windows", "nt", "win32", "Windows", "AMD64"),
    ("aarch64-pc-windows-msvc", "nt", "win32", "Windows", "ARM64"),
    ("i686-pc-windows-msvc", "nt", "win32", "Windows", "x86"),
    ("aarch64-linux-android", "posix", "android", "Android", "aarch64"),
    ("arm64-apple-ios", "posix", "ios", "iOS", "arm64"),
    ("wasm32-pyodide2025", "posix", "emscripten", "Emscripten", "wasm32"),
]


@pytest.mark.parametrize(("name", "os_name", "sys_platform", "system", "machine"), MARKERS)
def test_markers(name: str, os_name: str, sys_platform: str, system: str, machine: str) -> None:
    markers = Platform.parse(name).markers()
    found = [markers[key] for key in ("os_name", "sys_platform", "platform_system", "platform_machine")]
    assert found == [os_name, sys_platform, system, machine]


MACHINES = [
    ("x86_64-manylinux_2_36", "x86_64", True),
    ("x86_64-manylinux_2_36", "i686", False),
    ("x86_64-manylinux_2_36", "aarch64", False),
    ("i686-manylinux_2_36", "x86_64", True),
    ("i686-manylinux_2_36", "i386", True),
    ("armv7l-manylinux_2_36", "aarch64", True),
    ("armv7l-manylinux_2_36", "armv8l", True),
    ("armv7l-manylinux_2_36", "x86_64", False),
    ("aarch64-manylinux_2_36", "armv7l", False),
    ("windows", "AMD64", True),
    ("windows", "x86_64", True),
    ("windows", "ARM64", True),
    ("aarch64-pc-windows-msvc", "AMD64", False),
    ("i686-pc-windows-msvc", "AMD64", True),
    ("macos", "arm64", True),
    ("macos", "x86_64", False),
    ("x86_64-apple-darwin", "arm64", False),
]


@pytest.mark.parametrize(("name", "machine", "runs"), MACHINES)
def test_machines(name: str, machine: str, runs: bool) -> None:
    """32 bits run on a 64-bit kernel, and not the other way round."""
    assert Platform.parse(name).runs_on(machine) is runs
