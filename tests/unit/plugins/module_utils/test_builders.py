# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.builders import Builders, record
from ansible_collections.airgap.uv.plugins.module_utils.controller import Machine
from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.target import Target

HERE = Machine("linux", "x86_64", "glibc", "2.36")
GLIBC = "x86_64-manylinux_2_{}"
MUSL = "x86_64-unknown-linux-musl"
ARM = "aarch64-manylinux_2_31"


@pytest.mark.parametrize(
    ("builders", "platforms", "wanted"),
    [
        ([], [GLIBC.format(31)], [("", "", "", 1)]),
        ([GLIBC.format(31)], [GLIBC.format(31)], [("", GLIBC.format(31), "", 1)]),
        # The newest of those that suit it.
        ([GLIBC.format(28), GLIBC.format(31)], [GLIBC.format(35)], [("", GLIBC.format(31), "", 1)]),
        # What runs where it was compiled here is built here, unless there is a builder of that very platform.
        ([GLIBC.format(31)], [GLIBC.format(36)], [("", "", GLIBC.format(31), 1)]),
        ([GLIBC.format(31)], [GLIBC.format(41), GLIBC.format(36)], [("", "", GLIBC.format(31), 2)]),
        ([GLIBC.format(41)], [GLIBC.format(41)], [("", GLIBC.format(41), "", 1)]),
        ([GLIBC.format(36)], [GLIBC.format(36)], [("", GLIBC.format(36), "", 1)]),
        (
            [GLIBC.format(28), GLIBC.format(35)],
            [GLIBC.format(31), GLIBC.format(36)],
            [("", "", GLIBC.format(35), 1), ("", GLIBC.format(28), "", 1)],
        ),
        # For the older one there is no builder.
        ([GLIBC.format(35)], [GLIBC.format(31), GLIBC.format(36)], [("", "", "", 1), ("", "", GLIBC.format(35), 1)]),
        ([GLIBC.format(31)], [ARM, MUSL], [("linux aarch64 glibc", "", "", 1), ("linux x86_64 musl", "", "", 1)]),
        ([ARM, MUSL], [ARM, MUSL], [("", ARM, "", 1), ("", MUSL, "", 1)]),
        # One platform by two names.
        (["x86_64-unknown-linux-gnu"], [GLIBC.format(28)], [("", "x86_64-unknown-linux-gnu", "", 1)]),
    ],
)
def test_who_builds(builders: list[str], platforms: list[str], wanted: list[tuple[str, str, str, int]]) -> None:
    targets = [Target.parse({"python": "3.11", "platform": platform}) for platform in platforms]
    found = Builders.parse(builders).split(targets, HERE)
    assert [(each.elsewhere, each.builder, each.instead, len(each.targets)) for each in found] == wanted


def test_each_python_is_a_build_of_its_own() -> None:
    targets = [Target.parse({"python": python, "platform": GLIBC.format(31)}) for python in ("3.11.2", "3.9", "3.11")]
    found = Builders.parse([GLIBC.format(31)]).split(targets, HERE)
    assert [(each.python, len(each.targets)) for each in found] == [("3.9", 1), ("3.11", 2)]


@pytest.mark.parametrize("name", ["bullseye", "x86_64-manylinux_1_1"])
def test_what_is_no_platform(name: str) -> None:
    with pytest.raises(OptionInvalid, match=rf"^builders: {name} cannot be used: it is no platform"):
        Builders.parse([name])


def test_what_the_manifest_keeps_of_a_record() -> None:
    raw = {"python": "3.9.2", "platform": ARM, "seconds": 1.0, "requirements": ["a==1 @ https://u:p@h/x"], "recipe": ""}
    assert record(raw) == {"python": "3.9.2", "platform": ARM, "requirements": ["a==1 @ https://***@h/x"]}
    assert record(None) == {"elsewhere": True}
