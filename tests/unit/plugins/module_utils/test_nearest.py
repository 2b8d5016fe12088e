# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.nearest import Nearest
from ansible_collections.airgap.uv.plugins.module_utils.target import Target


def target(python: str, platform: str) -> Target:
    return Target.parse({"python": python, "platform": platform})


# The target, tags of wheels with the nearest first, and what is said of it.
NEAREST = [
    (
        ("3.12.1", "windows"),
        ["cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux2014_aarch64"],
        "Linux; the target has Windows",
    ),
    (
        ("3.12.1", "x86_64-linux-android"),
        ["cp312-cp312-android_26_x86_64", "cp312-cp312-android_30_x86_64", "cp312-cp312-android_21_arm64_v8a"],
        "Android API level 26; the target has Android API level 24",
    ),
    (
        ("3.12.1", "x86_64-manylinux_2_36"),
        ["cp312-cp311-manylinux2014_x86_64"],
        "CPython 3.12 with the ABI cp311; the target has CPython 3.12",
    ),
    (
        ("3.11.2", "x86_64-manylinux_2_31"),
        ["cp311-cp311-manylinux_2_34_x86_64", "cp311-cp311-manylinux_2_39_x86_64", "cp312-cp312-manylinux2014_x86_64"],
        "glibc 2.34; the target has glibc 2.31",
    ),
    (
        ("3.13.0", "x86_64-manylinux_2_36"),
        ["cp312-cp312-manylinux2014_x86_64", "cp310-cp310-manylinux2014_x86_64", "cp313-cp313-win_amd64"],
        "CPython 3.12; the target has CPython 3.13",
    ),
    (
        ("3.13t", "x86_64-manylinux_2_36"),
        ["cp313-cp313-manylinux2014_x86_64", "cp39-abi3-manylinux2014_x86_64"],
        "CPython 3.13; the target has free-threaded CPython 3.13",
    ),
    (
        ("3.13.0", "x86_64-manylinux_2_36"),
        ["cp313-cp313t-manylinux2014_x86_64", "cp313-cp313-macosx_11_0_arm64"],
        "free-threaded CPython 3.13; the target has CPython 3.13",
    ),
    (
        ("pypy3.10", "x86_64-manylinux_2_36"),
        ["cp310-cp310-manylinux2014_x86_64", "cp39-abi3-manylinux2014_x86_64", "pp310-pypy310_pp73-win_amd64"],
        "CPython 3.10; the target has PyPy 3.10",
    ),
    (
        ("3.9.2", "x86_64-manylinux_2_36"),
        ["cp310-abi3-manylinux2014_x86_64"],
        "CPython 3.10 or later; the target has CPython 3.9",
    ),
    (
        ("3.12.1", "aarch64-unknown-linux-musl"),
        ["cp312-cp312-manylinux2014_aarch64", "cp312-cp312-musllinux_1_2_x86_64"],
        "glibc; the target has musl",
    ),
    (
        ("3.12.1", "x86_64-musllinux_1_1"),
        ["cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-manylinux2014_x86_64"],
        "musl 1.2; the target has musl 1.1",
    ),
    (
        ("3.12.1", "armv7l-manylinux_2_36"),
        ["cp312-cp312-manylinux2014_aarch64", "cp312-cp312-win_amd64"],
        "aarch64; the target has armv7l",
    ),
    (
        ("3.12.1", "x86_64-manylinux_2_36"),
        ["cp312-cp312-win_amd64"],
        "Windows; the target has Linux",
    ),
    (
        ("3.12.1", "windows"),
        ["cp312-cp312-win32", "cp312-cp312-macosx_10_9_universal2"],
        "i686; the target has x86_64",
    ),
    (
        ("3.12.1", "x86_64-apple-darwin"),
        ["cp312-cp312-macosx_14_0_x86_64", "cp312-cp312-macosx_11_0_arm64"],
        "macOS 14.0; the target has macOS 13.0",
    ),
    (
        ("3.12.1", "aarch64-manylinux_2_28"),
        ["cp311-cp311-manylinux_2_34_aarch64"],
        "CPython 3.11 and glibc 2.34; the target has CPython 3.12 and glibc 2.28",
    ),
    (("3.12.1", "x86_64-manylinux_2_36"), ["py2-none-any"], "Python 2; the target has CPython 3.12"),
    (("3.11.1", "x86_64-manylinux_2_36"), ["py312-none-any"], "Python 3.12 or later; the target has CPython 3.11"),
    (("3.11.1", "x86_64-manylinux_2_36"), ["py3-none-plan9_x"], "plan9_x; the target has Linux"),
]


@pytest.mark.parametrize(
    ("asked", "tags", "said"), NEAREST, ids=[f"{'-'.join(each[0])}: {each[2]}" for each in NEAREST]
)
def test_the_nearest_wheel(asked: tuple[str, str], tags: list[str], said: str) -> None:
    names = [f"a-1.0-{tag}.whl" for tag in tags]
    for order in (names, names[::-1]):
        nearest = Nearest.among(order, target(*asked))
        assert str(nearest) == f"the nearest wheel, {names[0]}, asks for {said}"


def test_a_wheel_with_several_tags_counts_by_its_best() -> None:
    name = "a-1.0-cp312-cp312-manylinux_2_34_x86_64.manylinux_2_38_x86_64.whl"
    nearest = Nearest.among([name], target("3.12.1", "x86_64-manylinux_2_31"))
    assert nearest is not None
    assert nearest.wants == ("glibc 2.34",)


def test_no_wheel_at_all() -> None:
    assert Nearest.among([], target("3.12.1", "windows")) is None
