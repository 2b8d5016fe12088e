# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform
import sys
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.target import (
    Platform,
    Python,
    Target,
    refuse_other_machines,
)
from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag, sys_tags


def target(python: str = "3.11", platform: str = "x86_64-manylinux_2_36", **more: Any) -> Target:
    return Target.parse({"python": python, "platform": platform, **more})


PLATFORMS = [
    ("x86_64-manylinux_2_36", "x86_64", (2, 36)),
    ("x86_64-manylinux_2_5", "x86_64", (2, 5)),
    ("x86_64-manylinux2014", "x86_64", (2, 17)),
    ("aarch64-manylinux_2_31", "aarch64", (2, 31)),
    ("x86_64-unknown-linux-gnu", "x86_64", (2, 28)),
    ("aarch64-unknown-linux-gnu", "aarch64", (2, 28)),
    ("linux", "x86_64", (2, 28)),
]


@pytest.mark.parametrize(("name", "arch", "glibc"), PLATFORMS)
def test_platform_is_read(name: str, arch: str, glibc: tuple[int, int]) -> None:
    platform = Platform.parse(name)
    assert (platform.name, platform.arch, platform.glibc) == (name, arch, glibc)


PYTHONS = [
    ("3.11", (3, 11), "3.11", "3.11"),
    ("3.11.2", (3, 11, 2), "3.11.2", "3.11"),
    ("3.13t", (3, 13), "3.13", "3.13t"),
    ("3.13.1t", (3, 13, 1), "3.13.1", "3.13t"),
    ("3.14.0rc2", (3, 14, 0), "3.14.0rc2", "3.14"),
]


@pytest.mark.parametrize(("name", "release", "full", "minor"), PYTHONS)
def test_python_is_read(name: str, release: tuple[int, ...], full: str, minor: str) -> None:
    python = Python.parse(name)
    assert (python.release, python.full, python.minor) == (release, full, minor)


REFUSED = [
    ("3.11", "x86_64-freebsd_14", errors.TargetUnknown, "x86_64-freebsd_14"),
    ("3.11", "x86-64-manylinux_2_36", errors.TargetUnknown, "x86-64-manylinux_2_36"),
    ("3.11", "manylinux_2_36", errors.TargetUnknown, "manylinux_2_36"),
    ("3.11", "x86_64-manylinux_2_36\n", errors.TargetUnknown, "x86_64-manylinux_2_36"),
    ("3.11", "", errors.TargetUnknown, "manylinux_2_N"),
    ("3", "x86_64-manylinux_2_36", errors.TargetUnknown, "'3'"),
    ("2.7", "x86_64-manylinux_2_36", errors.TargetUnknown, "2.7"),
    ("three", "x86_64-manylinux_2_36", errors.TargetUnknown, "three"),
    ("3.11.2.1", "x86_64-manylinux_2_36", errors.TargetUnknown, "3.11.2.1"),
    ("pypy3.10", "x86_64-manylinux_2_36", errors.TargetNotSupported, "pypy3.10"),
    ("3.11", "aarch64-unknown-linux-musl", errors.TargetNotSupported, "aarch64-unknown-linux-musl"),
    ("3.11", "x86_64-pc-windows-msvc", errors.TargetNotSupported, "x86_64-pc-windows-msvc"),
    ("3.11", "aarch64-apple-darwin", errors.TargetNotSupported, "aarch64-apple-darwin"),
    ("3.11", "macos", errors.TargetNotSupported, "macos"),
]


@pytest.mark.parametrize(("python", "platform", "kind", "named"), REFUSED)
def test_what_is_no_target_is_refused_by_name(
    python: str, platform: str, kind: type[errors.AirgapError], named: str
) -> None:
    with pytest.raises(kind) as caught:
        target(python, platform)
    assert named in str(caught.value)


def test_another_architecture_is_refused_with_every_target_of_it() -> None:
    targets = [target(platform=name) for name in ("x86_64-manylinux_2_36", "aarch64-manylinux_2_36")]
    with pytest.raises(errors.TargetNotSupported, match=r"3.11-aarch64-manylinux_2_36") as caught:
        refuse_other_machines(targets, "x86_64")
    assert "3.11-x86_64" not in str(caught.value)
    refuse_other_machines(targets[:1], "x86_64")


# What `requires-python` leaves of a target's Python: the micro versions whose choices are joined.
MICROS = [
    ("3.11.2", ">=3.9", ["3.11.2"]),
    ("3.11", ">=3.9", ["3.11.0", "3.11.99"]),
    ("3.11", ">=3.11.4", ["3.11.4", "3.11.99"]),
    ("3.11", ">=3.9,<3.11.3", ["3.11.0", "3.11.2"]),
    ("3.11", "==3.11.4", ["3.11.4"]),
    ("3.14.0rc2", ">=3.9", ["3.14.0rc2"]),
]


@pytest.mark.parametrize(("python", "requires", "full"), MICROS)
def test_micro_versions(python: str, requires: str, full: list[str]) -> None:
    environments = target(python).environments(SpecifierSet(requires))
    assert [each["python_full_version"] for each in environments] == full
    assert {each["python_version"] for each in environments} == {".".join(python.split(".")[:2])}


@pytest.mark.parametrize(("python", "requires"), [("3.9", ">=3.10"), ("3.11.2", ">=3.11.3"), ("3.13t", "<3.13")])
def test_a_target_outside_requires_python_has_no_environment(python: str, requires: str) -> None:
    assert target(python).environments(SpecifierSet(requires)) == []


def test_markers_of_the_target_win() -> None:
    markers = {"platform_release": "6.1.0", "implementation_name": "cpython"}
    environment = target(markers=markers).environments(SpecifierSet(">=3.9"))[0]
    assert environment["platform_release"] == "6.1.0"
    assert environment["platform_system"] == "Linux"


def test_label() -> None:
    assert target("3.11.2").label == "3.11.2-x86_64-manylinux_2_36"


TAGS = [
    ("cp311-cp311-manylinux_2_36_x86_64", True),
    ("cp311-cp311-manylinux_2_37_x86_64", False),
    ("cp311-cp311-manylinux1_x86_64", True),
    ("cp311-cp311-manylinux2014_x86_64", True),
    ("cp311-cp311-manylinux_2_17_aarch64", False),
    ("cp311-cp311-musllinux_1_2_x86_64", False),
    ("cp311-cp311-linux_x86_64", True),
    ("cp38-abi3-manylinux_2_28_x86_64", True),
    ("cp312-abi3-manylinux_2_28_x86_64", False),
    ("cp311-cp311t-manylinux_2_28_x86_64", False),
    ("py3-none-any", True),
    ("py2.py3-none-any", True),
    ("cp311-none-any", True),
    ("py311-none-any", True),
    ("py312-none-any", False),
    ("py2-none-any", False),
    ("py3-none-manylinux_2_17_x86_64", True),
    ("py3-none-win_amd64", False),
]


@pytest.mark.parametrize(("tag", "fits"), TAGS)
def test_tags(tag: str, fits: bool) -> None:
    assert bool(parse_tag(tag) & frozenset(target().tags())) is fits


FREE_THREADED = [
    ("cp313-cp313t-manylinux_2_28_x86_64", True),
    ("cp313-cp313-manylinux_2_28_x86_64", False),
    ("cp38-abi3-manylinux_2_28_x86_64", False),
    ("py3-none-any", True),
]


@pytest.mark.parametrize(("tag", "fits"), FREE_THREADED)
def test_tags_of_a_free_threaded_python(tag: str, fits: bool) -> None:
    assert bool(parse_tag(tag) & frozenset(target("3.13t").tags())) is fits


def test_tags_are_ordered_from_the_most_to_the_least_special() -> None:
    order = [str(tag) for tag in target().tags()]
    wanted = [
        "cp311-cp311-manylinux_2_36_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-linux_x86_64",
        "cp311-abi3-manylinux_2_36_x86_64",
        "cp310-abi3-manylinux_2_36_x86_64",
        "py311-none-manylinux_2_36_x86_64",
        "py3-none-any",
    ]
    places = [order.index(tag) for tag in wanted]
    assert places == sorted(places)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks this machine's own interpreter")
def test_markers_and_tags_equal_those_of_the_interpreter_itself() -> None:
    libc, environment = platform.libc_ver()[1], default_environment()
    own_tags = [str(tag) for tag in sys_tags()]
    arch = environment["platform_machine"]
    if not libc:
        pytest.skip("not a glibc machine")
    here = target(environment["python_full_version"], f"{arch}-manylinux_{libc.replace('.', '_')}")
    ours = here.environments(SpecifierSet(">=3.9"))[0]
    for name, value in ours.items():
        if name not in ("platform_release", "platform_version"):
            assert value == environment[name], name
    # uv, unlike packaging, gives linux_* the lowest priority; such wheels are on no public index
    assert sorted(str(tag) for tag in here.tags()) == sorted(own_tags)


def test_a_marker_that_is_none_is_refused() -> None:
    raw = {"python": "3.11", "platform": "x86_64-manylinux_2_36", "markers": {"platform_machin": "x86_64"}}
    with pytest.raises(errors.TargetUnknown, match="markers: platform_machin"):
        Target.parse(raw)
