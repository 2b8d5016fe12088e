# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.covering import beside
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from packaging.pylock import Package, PackageWheel
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

# the tag of the caller's wheel, that of the lock's, whether whoever takes the latter takes the former
COVERED = [
    ("py3-none-any", "cp311-cp311-manylinux_2_17_x86_64", True),
    ("py312-none-any", "cp311-cp311-manylinux_2_17_x86_64", False),
    ("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any", False),
    ("cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_17_x86_64", True),
    ("cp311-cp311-linux_x86_64", "cp311-cp311-musllinux_1_2_x86_64", True),
    ("cp311-cp311-linux_x86_64", "cp311-cp311-macosx_11_0_x86_64", False),
    ("cp311-cp311-linux_armv7l", "cp311-cp311-manylinux_2_17_x86_64", False),
    ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_28_x86_64", True),
    ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux_2_17_x86_64", True),
    ("cp311-cp311-manylinux_2_34_x86_64", "cp311-cp311-manylinux2014_x86_64", False),
    ("cp39-abi3-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_x86_64", True),
    ("cp39-abi3-manylinux_2_34_x86_64", "cp311-cp311-manylinux_2_17_x86_64", False),
    ("cp312-abi3-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_x86_64", False),
    ("cp39-abi3-manylinux_2_17_x86_64", "cp313-cp313t-manylinux_2_17_x86_64", False),
    ("cp311-cp311-win_amd64", "cp311-cp311-win_amd64", True),
    ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_x86_64.musllinux_1_1_x86_64", False),
]


@pytest.mark.parametrize(("own", "locked", "covered"), COVERED)
def test_beside(own: str, locked: str, covered: bool) -> None:
    extra = ExtraWheel(Path(f"a-1.0-{own}.whl"), "0" * 64, "a", Version("1.0"), parse_tag(own))
    wheel = PackageWheel(name=f"a-1.0-{locked}.whl", url="https://index.test/a.whl", hashes={"sha256": "0" * 64})
    package = Package(name=canonicalize_name("a"), version=Version("1.0"), wheels=[wheel])
    assert list(beside(package, [extra])) == ([] if covered else [wheel])
    assert list(beside(package, [])) == [wheel]
