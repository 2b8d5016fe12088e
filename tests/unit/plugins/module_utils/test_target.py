# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.target import (
    Python,
    Target,
    TargetContradicts,
    TargetsInvalid,
)
from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag, sys_tags


def target(python: str = "3.11", platform: str = "x86_64-manylinux_2_36", **more: Any) -> Target:
    return Target.parse({"python": python, "platform": platform, **more})


# Name, implementation, release, full version, what a build needs.
PYTHONS = [
    ("3.11", "cpython", (3, 11), "3.11", "3.11"),
    ("3.11.2", "cpython", (3, 11, 2), "3.11.2", "3.11"),
    ("3.6.15", "cpython", (3, 6, 15), "3.6.15", "3.6"),
    ("3.13t", "cpython", (3, 13), "3.13", "3.13t"),
    ("3.13.1t", "cpython", (3, 13, 1), "3.13.1", "3.13t"),
    ("3.13d", "cpython", (3, 13), "3.13", "3.13"),
    ("3.13.5td", "cpython", (3, 13, 5), "3.13.5", "3.13t"),
    ("3.14.0rc2", "cpython", (3, 14, 0), "3.14.0rc2", "3.14"),
    ("3.14rc2", "cpython", (3, 14, 0), "3.14.0rc2", "3.14"),
    ("3.15.0a1t", "cpython", (3, 15, 0), "3.15.0a1", "3.15t"),
    ("pypy3.10", "pypy", (3, 10), "3.10", "pypy3.10"),
    ("pypy3.11.13", "pypy", (3, 11, 13), "3.11.13", "pypy3.11"),
]


@pytest.mark.parametrize(("name", "implementation", "release", "full", "minor"), PYTHONS)
def test_python_is_read(name: str, implementation: str, release: tuple[int, ...], full: str, minor: str) -> None:
    python = Python.parse(name)
    assert (python.implementation, python.release, python.full, python.minor) == (implementation, release, full, minor)
    assert (python.threaded, python.debug) == ("t" in name.rpartition(".")[2], "d" in name)


REFUSED = [
    ("3", errors.TargetUnknown, "'3'"),
    ("2.7", errors.TargetUnknown, "2.7"),
    ("three", errors.TargetUnknown, "three"),
    ("3.11.2.1", errors.TargetUnknown, "3.11.2.1"),
    ("3.13dt", errors.TargetUnknown, "3.13t (free-threaded)"),
    ("3.11\n", errors.TargetUnknown, "3.11.2"),
    ("3.١١", errors.TargetUnknown, "3.١١"),  # noqa: RUF001
    ("pypy310", errors.TargetUnknown, "pypy3.10"),
    ("pypy3.10t", errors.TargetUnknown, "pypy3.10t"),
    ("3.1", errors.TargetUnknown, "'3.10' in quotes"),
    ("graalpy3.11", errors.TargetNotSupported, "graalpy3.11"),
    ("", errors.TargetUnknown, "3.11"),
]


@pytest.mark.parametrize(("python", "kind", "named"), REFUSED)
def test_what_is_no_python_is_refused_with_right_ones(python: str, kind: type[errors.AirgapError], named: str) -> None:
    with pytest.raises(kind) as caught:
        target(python)
    assert named in str(caught.value)


# What `requires-python` leaves of a target's Python: the micro versions whose choices are joined.
MICROS = [
    ("3.11.2", ">=3.9", ["3.11.2"]),
    ("3.11", ">=3.9", ["3.11.0", "3.11.99"]),
    ("3.11", ">=3.11.4", ["3.11.4", "3.11.99"]),
    ("3.11", ">=3.9,<3.11.3", ["3.11.0", "3.11.2"]),
    ("3.11", "==3.11.4", ["3.11.4"]),
    ("3.14.0rc2", ">=3.9", ["3.14.0rc2"]),
    ("3.13t", ">=3.13.1", ["3.13.1", "3.13.99"]),
    ("pypy3.10", ">=3.9", ["3.10.0", "3.10.99"]),
    ("pypy3.11.13", ">=3.9", ["3.11.13"]),
]


@pytest.mark.parametrize(("python", "requires", "full"), MICROS)
def test_micro_versions(python: str, requires: str, full: list[str]) -> None:
    environments = target(python).environments(SpecifierSet(requires))
    assert [each["python_full_version"] for each in environments] == full
    minor = python.removeprefix("pypy").rstrip("t")
    assert {each["python_version"] for each in environments} == {".".join(minor.split(".")[:2])}


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


# A target's Python and platform, what its markers say, and the two statements that cannot both hold.
CONTRADICTIONS: list[tuple[str, str, Mapping[str, str], str, str]] = [
    ("3.12t", "linux", {}, "free-threaded", "Python 3.13"),
    ("3.11", "linux", {"python_version": "3.12"}, "python 3.11 means python_version 3.11", "python_version 3.12"),
    ("3.11.2", "linux", {"python_full_version": "3.11.4"}, "python is 3.11.2", "python_full_version 3.11.4"),
    ("3.11", "linux", {"python_full_version": "3.12.1"}, "python is 3.11", "python_full_version 3.12.1"),
    ("3.11", "linux", {"python_full_version": "new"}, "python is 3.11", "python_full_version new"),
    ("3.11.2", "linux", {"implementation_version": "3.9.1"}, "python is 3.11.2", "implementation_version 3.9.1"),
    ("3.11", "linux", {"implementation_name": "pypy"}, "implementation_name cpython", "implementation_name pypy"),
    ("pypy3.10", "linux", {"platform_python_implementation": "CPython"}, "PyPy", "CPython"),
    ("3.11", "linux", {"sys_platform": "win32"}, "platform linux means sys_platform linux", "sys_platform win32"),
    ("3.11", "windows", {"os_name": "posix"}, "platform windows means os_name nt", "os_name posix"),
    ("3.11", "macos", {"platform_system": "Linux"}, "platform_system Darwin", "platform_system Linux"),
    ("3.11", "x86_64-manylinux_2_36", {"platform_machine": "aarch64"}, "x86_64-manylinux_2_36", "aarch64"),
    ("3.11", "aarch64-manylinux_2_36", {"platform_machine": "armv7l"}, "aarch64-manylinux_2_36", "armv7l"),
]


@pytest.mark.parametrize(("python", "name", "markers", "one", "other"), CONTRADICTIONS)
def test_a_target_that_contradicts_itself_is_refused_with_both_statements(
    python: str, name: str, markers: Mapping[str, str], one: str, other: str
) -> None:
    with pytest.raises(TargetContradicts) as caught:
        target(python, name, markers=dict(markers))
    assert "contradicts itself" in str(caught.value)
    assert one in caught.value.one
    assert other in caught.value.other


AT_ONE: list[tuple[str, str, Mapping[str, str]]] = [
    ("3.11.2", "i686-manylinux_2_36", {"platform_machine": "x86_64"}),
    ("3.11.2", "armv7l-manylinux_2_31", {"platform_machine": "aarch64"}),
    ("3.11.2", "armv7l-manylinux_2_31", {"platform_machine": "armv8l"}),
    ("3.13.5", "linux", {"python_full_version": "3.13.5+", "implementation_version": "3.13.5"}),
    ("3.14.0", "linux", {"python_full_version": "3.14.0rc2"}),
    ("3.11", "linux", {"python_full_version": "3.11.4", "python_version": "3.11"}),
    ("pypy3.10.14", "linux", {"implementation_version": "7.3.17", "implementation_name": "pypy"}),
    ("3.12.3", "windows", {"platform_machine": "AMD64", "platform_release": "11", "platform_version": "10.0.22631"}),
]


@pytest.mark.parametrize(("python", "name", "markers"), AT_ONE)
def test_what_a_host_may_well_say_is_no_contradiction(python: str, name: str, markers: Mapping[str, str]) -> None:
    environments = target(python, name, markers=dict(markers)).environments(SpecifierSet(">=3.9"))
    assert all(dict(markers).items() <= environment.items() for environment in environments)


ENVIRONMENTS = [
    ("3.13t", "linux", "cpython", "CPython", "3.13.0", "3.13.0"),
    ("pypy3.11.13", "linux", "pypy", "PyPy", "3.11.13", "7.3"),
]


@pytest.mark.parametrize(("python", "name", "implementation", "called", "full", "own"), ENVIRONMENTS)
def test_the_markers_of_an_implementation(
    python: str, name: str, implementation: str, called: str, full: str, own: str
) -> None:
    environment = target(python, name).environments(SpecifierSet(">=3.9"))[0]
    assert environment["implementation_name"] == implementation
    assert environment["platform_python_implementation"] == called
    assert environment["python_full_version"] == full
    assert environment["implementation_version"] == own


def test_a_pypy_of_another_abi_says_so_itself() -> None:
    markers = {"implementation_version": "7.4.1"}
    found = {tag.abi for tag in target("pypy3.11", markers=markers).tags()}
    assert found == {"pypy311_pp74", "none"}


UV = [
    ("3.11.2", "x86_64-manylinux_2_36", ["--python-platform", "x86_64-manylinux_2_36", "--python-version", "3.11.2"]),
    ("3.11.2", "x86_64-manylinux_2_41", ["--python-platform", "x86_64-manylinux_2_40", "--python-version", "3.11.2"]),
    ("3.11.2", "macos", ["--python-platform", "macos", "--python-version", "3.11.2"]),
    ("3.13.5t", "x86_64-manylinux_2_36", None),
    ("3.13.5d", "x86_64-manylinux_2_36", None),
    ("pypy3.10.14", "x86_64-manylinux_2_36", None),
    ("3.11.2", "armv7l-manylinux_2_36", None),
    ("3.11.2", "x86_64-musllinux_1_1", None),
]


@pytest.mark.parametrize(("python", "name", "words"), UV)
def test_words_for_uv(python: str, name: str, words: list[str] | None) -> None:
    found = target(python, name)
    assert found.uv_arguments(found.python.full) == words
    assert (found.named_by_uv is None) is (words is None)


def test_every_entry_that_cannot_be_used_is_told() -> None:
    good = {"python": "3.11", "platform": "linux"}
    bad = [{**good, "python": "three"}, {**good, "platform": "debian12"}, {**good, "markers": {"os_name": "nt"}}]
    with pytest.raises(TargetsInvalid) as caught:
        Target.parse_all([good, *bad])
    lines = str(caught.value).splitlines()
    assert lines[0] == "3 targets cannot be used:"
    for line, word in zip(
        lines[1:], ("targets[1]: 'three' is not", "targets[2]: 'debian12' is not", "targets[3]: 3.11-")
    ):
        assert word in line
    with pytest.raises(errors.TargetUnknown, match="three"):
        Target.parse_all([good, bad[0]])
    assert Target.parse_all([good, good]) == [target(platform="linux")] * 2
