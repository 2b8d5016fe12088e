# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.represented import (
    labelled,
    parse_some,
    represent,
)
from ansible_collections.airgap.uv.plugins.module_utils.target import Target


def target(python: str = "3.11", platform: str = "x86_64-manylinux_2_36", **more: Any) -> Target:
    return Target.parse({"python": python, "platform": platform, **more})


def kernels(*releases: str, **more: str) -> list[Target]:
    return [target("3.11.2", markers={"platform_release": release, **more}) for release in releases]


def distinct(targets: list[Target], markers: list[str | None]) -> list[Target]:
    return list(dict.fromkeys(represent(targets, markers).values()))


def test_hosts_that_differ_in_what_the_lock_never_asks_are_one_target() -> None:
    hundred = kernels(*(f"6.1.{number}" for number in range(100)), platform_version="#1 SMP")
    others = [target("3.11.4"), target("3.11.2", "x86_64-manylinux_2_31"), target("3.11.2", "aarch64-manylinux_2_36")]
    markers = ["sys_platform == 'linux'", None, "python_full_version < '3.11.4' and platform_machine == 'x86_64'"]
    assert distinct([*hundred, *others], markers) == [hundred[0], *others]


def test_hosts_that_differ_in_what_the_lock_asks_are_not() -> None:
    three = kernels("5.10", "6.1", "6.1", platform_version="#1")
    assert distinct(three, ["platform_release >= '6'"]) == three[:2]
    both = [target("3.11", "i686-manylinux_2_36", markers={"platform_machine": name}) for name in ("i686", "x86_64")]
    assert distinct(both, ["platform_machine == 'x86_64'"]) == both
    assert distinct(both, ["os_name == 'posix'"]) == both[:1]


def test_a_marker_that_says_the_usual_makes_no_other_target() -> None:
    both = [target("3.11.2"), target("3.11.2", markers={"sys_platform": "linux", "platform_machine": "x86_64"})]
    assert distinct(both, ["sys_platform == 'linux' and platform_machine == 'x86_64'"]) == both[:1]


NARROW = "i686-manylinux_2_36"


def narrow(machine: str, release: str = "6.1") -> dict[str, Any]:
    markers = {"platform_machine": machine, "platform_release": release}
    return {"python": "3.11.2", "platform": NARROW, "markers": markers}


def test_targets_with_one_label_are_told_apart() -> None:
    """As the lock sees them: a kernel's release that it does not ask for stands in no label."""
    raw = [narrow("i686"), narrow("x86_64"), narrow("x86_64", "6.2"), {"python": "3.9", "platform": NARROW}]
    given = parse_some(raw)
    stands_for = represent([each for _raw, each in given if isinstance(each, Target)], ["platform_machine == 'x86_64'"])
    marked = f"3.11.2-{NARROW}[platform_machine=x86_64]"
    labels = [f"3.11.2-{NARROW}[platform_machine=i686]", marked, marked, f"3.9-{NARROW}"]
    assert labelled(given, stands_for) == list(zip(raw, labels))
    alone = represent([Target.parse(raw[1])], ["platform_machine == 'x86_64'"])
    assert [each.label for each in alone.values()] == [f"3.11.2-{NARROW}"]


def test_what_is_no_target_has_a_label_of_its_own() -> None:
    good = narrow("i686")
    raw = [
        good,
        {**good, "markers": {"python_full_version": "3.12.1"}},
        {**good, "markers": {"os_name": "nt"}},
        {**good, "python": "3.300000.1"},
    ]
    given = parse_some(raw)
    found = labelled(given, represent([Target.parse(good)], []))
    assert [label for _raw, label in found] == [
        f"3.11.2-{NARROW}",
        f"3.11.2-{NARROW}[refused 1]",
        f"3.11.2-{NARROW}[refused 2]",
        f"3.300000.1-{NARROW}",
    ]
    assert "contradicts itself" in str(given[1][1])
    assert "'3.300000.1' is not known" in str(given[3][1])
