# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.specifier import (
    Specifier,
    SpecifierInvalid,
    parse_release,
)
from packaging.specifiers import SpecifierSet

SPECIFIERS = [
    "",
    ">=3.9",
    ">=3.9,<4",
    ">3.11",
    ">3.11.2",
    "<=3.11",
    "<3.12",
    "==3.11.*",
    "!=3.11.*",
    "==3.11",
    "==3.11.2",
    "!=3.11.2",
    "~=3.9",
    "~=3.11.2",
    " >= 3.10 , != 3.12.0 ",
    ">=3.9,!=3.9.7,<3.14",
]
VERSIONS = ["3.8.19", "3.9.0", "3.9.7", "3.10.13", "3.11.0", "3.11.2", "3.11.9", "3.12.0", "3.13.1", "4.0.0"]


@pytest.mark.parametrize("text", SPECIFIERS)
def test_decides_as_packaging_does(text: str) -> None:
    mine = [version for version in VERSIONS if Specifier.parse(text).contains(parse_release(version))]
    theirs = [version for version in VERSIONS if version in SpecifierSet(text)]
    assert mine == theirs


@pytest.mark.parametrize("text", ["3.9", ">=3.9 <4", ">=x", "~=3", ">=3.9.*", "==3.11.2foo", "=>3.9"])
def test_what_is_no_specifier_is_refused(text: str) -> None:
    with pytest.raises(SpecifierInvalid) as caught:
        Specifier.parse(text)
    assert caught.value.args == (text,)


def test_a_prerelease_counts_as_its_release() -> None:
    assert parse_release("3.14.0rc1") == (3, 14, 0)
    assert Specifier.parse(">=3.14.0a1").contains((3, 14, 0))
    assert parse_release("main") == ()
