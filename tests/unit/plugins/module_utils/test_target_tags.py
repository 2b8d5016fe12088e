# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv itself judges the tags of targets: which fit, and in which order.

It is offered the wheels of all tags, and asked again without our best, then without our two best …;
each time it must take the best of those that are left, and in the end none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.platform_names import UV_NAMES
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.tests.unit.support.judges import Uv
from ansible_collections.airgap.uv.tests.unit.support.offers import Offers

_GLIBC = (5, 12, 16, 17, 18, 24, 27, 28, 29, 31, 34, 35, 36, 39, 40, 41)

PLATFORM_TAGS = [
    "any",
    *(f"manylinux_2_{minor}_{arch}" for minor in _GLIBC for arch in ("x86_64", "aarch64")),
    *(f"{name}_{arch}" for name in ("manylinux1", "manylinux2010", "manylinux2014") for arch in ("x86_64", "aarch64")),
    *(f"manylinux_2_{minor}_{arch}" for minor in (17, 28, 31, 41) for arch in ("armv7l", "ppc64le", "s390x")),
    *("manylinux_2_5_i686", "manylinux1_i686", "manylinux2014_i686", "manylinux_2_36_i686", "manylinux_2_37_i686"),
    *("manylinux2014_armv7l", "manylinux2014_ppc64le", "manylinux2014_s390x", "manylinux1_armv7l"),
    *("manylinux_2_31_riscv64", "manylinux_2_35_riscv64", "manylinux_2_39_riscv64", "manylinux_2_40_riscv64"),
    *(f"musllinux_1_{minor}_{arch}" for minor in (0, 1, 2, 3) for arch in ("x86_64", "aarch64", "armv7l")),
    *("linux_x86_64", "linux_aarch64", "linux_riscv64", "linux_armv7l", "linux_i686", "linux_armv6l"),
    *("macosx_10_3_x86_64", "macosx_10_9_x86_64", "macosx_10_9_universal2", "macosx_10_6_intel", "macosx_10_12_fat64"),
    *("macosx_11_0_arm64", "macosx_11_0_x86_64", "macosx_11_0_universal2", "macosx_12_0_universal2"),
    *("macosx_13_0_arm64", "macosx_13_0_x86_64", "macosx_13_0_universal2", "macosx_13_1_arm64"),
    *("macosx_14_0_arm64", "macosx_14_0_x86_64", "macosx_14_0_universal2", "macosx_16_0_arm64"),
    *("win32", "win_amd64", "win_arm64"),
    *(f"android_{level}_{abi}" for level in (15, 16, 21, 24, 25) for abi in ("arm64_v8a", "x86_64")),
    *(f"ios_{release}_arm64_iphoneos" for release in ("11_0", "12_0", "13_0", "13_1")),
    *("ios_12_0_arm64_iphonesimulator", "ios_13_0_x86_64_iphonesimulator"),
    *("pyodide_2024_0_wasm32", "pyodide_2025_0_wasm32", "pyemscripten_2024_0_wasm32", "pyemscripten_2025_0_wasm32"),
]

_MINORS = (37, 38, 39, 310, 311, 312, 313, 314, 315)
_ABIS = ("abi3", "abi3t", "none")

PYTHON_TAGS = [
    *(f"cp{minor}-{abi}-{rest}" for minor in _MINORS for abi in _ABIS for rest in ("manylinux2014_x86_64", "any")),
    *(f"cp{minor}-cp{minor}{flags}-manylinux2014_x86_64" for minor in _MINORS for flags in ("", "t", "d", "td")),
    *(f"cp{minor}-cp{minor}{flags}-manylinux_2_28_x86_64" for minor in _MINORS for flags in ("", "t", "d", "td")),
    *("cp32-abi3-manylinux1_x86_64", "cp33-abi3-linux_x86_64", "cp31-abi3-linux_x86_64", "cp2-none-any"),
    *(f"py{minor}-none-{rest}" for minor in (2, 27, 3, *_MINORS) for rest in ("linux_x86_64", "any")),
    *(f"pp{minor}-pypy{minor}_pp73-manylinux2014_x86_64" for minor in (39, 310, 311)),
    *("pp310-pypy39_pp73-linux_x86_64", "pp310-pypy310_pp74-linux_x86_64", "pp311-pypy311_pp73-linux_x86_64"),
]

PYTHONS = [
    *("3.9.2", "3.10.12", "3.11.2", "3.12.3", "3.13.5", "3.14.0"),
    *("3.13.5t", "3.14.0t", "3.9.2d", "3.13.5d", "3.13.5td", "3.14.0td"),
    *("pypy3.10.14", "pypy3.11.13"),
]

# Platforms that uv has no name for; it is asked with an interpreter of each.
OTHER_PLATFORMS = [
    *("x86_64-manylinux1", "x86_64-manylinux2010", "x86_64-manylinux_2_41", "aarch64-manylinux_2_29"),
    *("i686-manylinux_2_36", "armv7l-manylinux_2_36", "ppc64le-manylinux_2_31", "s390x-manylinux_2_28"),
    *("riscv64-manylinux_2_36", "x86_64-musllinux_1_1", "armv7l-unknown-linux-musl", "x86_64-musllinux_1_3"),
    *("arm64-macosx_11_0", "x86_64-macosx_10_15", "x86_64-macosx_14_0"),
]


@pytest.fixture(scope="module")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Uv:
    return Uv(tmp_path_factory.mktemp("uv"))


@pytest.fixture(scope="module")
def offers() -> Iterator[Offers]:
    with Offers() as served:
        yield served


def assert_uv_agrees(uv: Uv, offers: Offers, target: Target, tags: Sequence[str], folder: Path) -> None:
    """The wheels that fit, from our best to our last, are those that uv takes one after the other."""
    rank = {str(tag): number for number, tag in reversed(list(enumerate(target.tags())))}
    fitting = sorted((tag for tag in dict.fromkeys(tags) if tag in rank), key=lambda tag: rank[tag])
    assert fitting
    wanted: dict[str, str | None] = {}
    offered = []
    for number in range(len(fitting) + 1):
        best = fitting[number] if number < len(fitting) else None
        wanted[f"round-{number}"] = f"round_{number}-1-{best}.whl" if best else None
        offered += [f"round_{number}-1-{tag}.whl" for tag in tags if tag not in fitting[:number]]
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(wanted), encoding="utf-8")
    index = offers.add(f"{target.label}-{len(tags)}", offered)
    assert uv.takes(index, requirements, uv.words(target, target.python.full)) == wanted


@pytest.mark.parametrize("name", [*UV_NAMES, *OTHER_PLATFORMS])
def test_platform_tags(name: str, uv: Uv, offers: Offers, tmp_path: Path) -> None:
    target = Target.parse({"python": "3.12.3", "platform": name})
    assert_uv_agrees(uv, offers, target, [f"py3-none-{tag}" for tag in PLATFORM_TAGS], tmp_path)


@pytest.mark.parametrize("python", PYTHONS)
def test_python_tags(python: str, uv: Uv, offers: Offers, tmp_path: Path) -> None:
    target = Target.parse({"python": python, "platform": "x86_64-manylinux_2_31"})
    assert_uv_agrees(uv, offers, target, PYTHON_TAGS, tmp_path)


# packaging lets PyPy have wheels for its Python without an ABI; uv does not. None is on a public index.
@pytest.mark.parametrize("tag", ["pp310-none-manylinux2014_x86_64", "pp3-none-any"])
def test_what_packaging_alone_gives_pypy(tag: str) -> None:
    target = Target.parse({"python": "pypy3.10", "platform": "x86_64-manylinux_2_31"})
    assert tag in {str(each) for each in target.tags()}
