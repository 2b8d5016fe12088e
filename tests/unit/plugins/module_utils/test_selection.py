# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors, obstacle
from ansible_collections.airgap.uv.plugins.module_utils.extra import ExtraWheel
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import Selection, select, sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256
from packaging.markers import Marker
from packaging.pylock import Pylock
from packaging.utils import parse_wheel_filename

FILES = "https://index.test/files"
X86 = "x86_64-manylinux_2_36"


def lock(*packages: dict[str, Any], **more: Any) -> Pylock:
    return Pylock.from_dict({"lock-version": "1.0", "created-by": "test", "packages": list(packages), **more})


def package(
    name: str, version: str | None = "1.0", tags: list[str] | None = None, *, sdist: bool = False, **more: Any
) -> dict[str, Any]:
    """A package as uv exports it; `tags` are those of its wheels."""
    raw: dict[str, Any] = {"name": name, **({"version": version} if version else {}), **more}
    if tags:
        raw["wheels"] = [{"url": f"{FILES}/{name}-{version}-{tag}.whl", "hashes": {"sha256": "a" * 64}} for tag in tags]
    if sdist:
        raw["sdist"] = {"url": f"{FILES}/{name}-{version}.tar.gz", "hashes": {"sha256": "b" * 64}}
    return raw


def targets(*pythons: str, platform: str = X86) -> list[Target]:
    return [Target.parse({"python": each, "platform": platform}) for each in pythons or ("3.11.2",)]


def chosen(found: Selection) -> dict[str, list[str]]:
    """File name (or folder) of each choice, with the Pythons that take it; there must be no obstacle."""
    obstacle.refuse(found.obstacles)
    shown: dict[str, list[str]] = {}
    for choice in found.choices:
        file = choice.source.path if hasattr(choice.source, "path") else None
        label = getattr(choice.source, "filename", None) or str(file)
        shown[label] = [each.python.name for each in choice.targets]
    return shown


CHOICES = [
    (
        "the wheel with the best tag",
        [package("a", tags=["py3-none-any", "cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-win_amd64"])],
        {"a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl": ["3.11.2"]},
    ),
    (
        "of two glibcs, the newer one that the target still runs",
        [
            package(
                "a",
                tags=[f"cp311-cp311-manylinux_2_{minor}_x86_64" for minor in (17, 28, 39)],
            )
        ],
        {"a-1.0-cp311-cp311-manylinux_2_28_x86_64.whl": ["3.11.2"]},
    ),
    (
        "the sdist where no wheel fits",
        [package("a", tags=["py3-none-win_amd64"], sdist=True)],
        {"a-1.0.tar.gz": ["3.11.2"]},
    ),
    ("nothing whose marker is false", [package("a", tags=["py3-none-any"], marker="sys_platform == 'win32'")], {}),
    (
        "the fork of this Python",
        [
            package("a", "1.0", tags=["py3-none-any"], marker="python_full_version < '3.10'"),
            package("a", "2.0", tags=["py3-none-any"], marker="python_full_version >= '3.10'"),
        ],
        {"a-2.0-py3-none-any.whl": ["3.11.2"]},
    ),
]


@pytest.mark.parametrize(("packages", "wanted"), [each[1:] for each in CHOICES], ids=[each[0] for each in CHOICES])
def test_what_a_target_takes(packages: list[dict[str, Any]], wanted: dict[str, list[str]]) -> None:
    assert chosen(select(lock(*packages), targets(), Preferences())) == wanted


def test_targets_are_joined() -> None:
    packages = lock(
        package("a", tags=["py3-none-any"]),
        package("b", tags=["cp39-cp39-manylinux2014_x86_64", "cp311-cp311-manylinux2014_x86_64"]),
        package("c", "1.0", tags=["py3-none-any"], marker="python_full_version < '3.10'"),
        package("c", "2.0", tags=["py3-none-any"], marker="python_full_version >= '3.10'"),
    )
    assert chosen(select(packages, targets("3.9.18", "3.11.2"), Preferences())) == {
        "a-1.0-py3-none-any.whl": ["3.9.18", "3.11.2"],
        "b-1.0-cp39-cp39-manylinux2014_x86_64.whl": ["3.9.18"],
        "b-1.0-cp311-cp311-manylinux2014_x86_64.whl": ["3.11.2"],
        "c-1.0-py3-none-any.whl": ["3.9.18"],
        "c-2.0-py3-none-any.whl": ["3.11.2"],
    }


def test_without_a_micro_version_the_first_and_the_newest_are_joined() -> None:
    packages = lock(
        package("old", tags=["py3-none-any"], marker="python_full_version <= '3.11.2'"),
        package("new", tags=["py3-none-any"], marker="python_full_version > '3.11.2'"),
    )
    found = chosen(select(packages, targets("3.11"), Preferences()))
    assert found == {"old-1.0-py3-none-any.whl": ["3.11"], "new-1.0-py3-none-any.whl": ["3.11"]}
    assert list(chosen(select(packages, targets("3.11.2"), Preferences()))) == ["old-1.0-py3-none-any.whl"]


WISHES = [
    ({"no_binary": ["A"]}, {"a-1.0.tar.gz"}),
    ({"no_binary": [":all:"]}, {"a-1.0.tar.gz"}),
    ({"no_binary": ["b"]}, {"a-1.0-py3-none-any.whl"}),
    ({"no_build": [":all:"]}, {"a-1.0-py3-none-any.whl"}),
    # A name goes before all, as in uv.
    ({"no_build": [":all:"], "no_binary": ["a"]}, {"a-1.0.tar.gz"}),
    ({"no_binary": [":all:"], "no_build": ["a"]}, {"a-1.0-py3-none-any.whl"}),
]


@pytest.mark.parametrize(("wishes", "wanted"), WISHES)
def test_wishes_about_building(wishes: dict[str, Any], wanted: set[str]) -> None:
    packages = lock(package("a", tags=["py3-none-any"], sdist=True))
    assert set(chosen(select(packages, targets(), Preferences.parse(wishes)))) == wanted


def git_source(url: str = "https://index.test/g.git", commit: str = "0" * 40, type: str = "git") -> dict[str, str]:
    return {"type": type, "url": url, "commit-id": commit}


def archive(name: str, place: str = FILES) -> dict[str, Any]:
    return {"url": f"{place}/{name}", "hashes": {"sha256": "c" * 64}}


OBSTACLES = [
    ([package("a", tags=["py3-none-win_amd64"])], {}, {"a 1.0": "no wheel fits, and there is no sdist; the nearest"}),
    ([package("a", sdist=True)], {"no_build": ["a"]}, {"a 1.0": "no_build forbids building it"}),
    ([package("a", sdist=True)], {"no_build": [":all:"]}, {"a 1.0": "the lock has no wheels of it"}),
    (
        [package("a", sdist=True), package("b", tags=["py3-none-any"])],
        {"no_build": [":all:"], "no_binary": [":all:"]},
        {"a 1.0": "no_build forbids", "b 1.0": "no_binary names it"},
    ),
    ([package("a", tags=["py3-none-any"])], {"no_binary": ["a"]}, {"a 1.0": "no_binary names it"}),
    (
        [package("a", tags=["py3-none-win_amd64"]), package("b", sdist=True), package("c", tags=["py3-none-any"])],
        {"no_build": ["b"]},
        {"a 1.0": "no sdist", "b 1.0": "no_build"},
    ),
    ([{"name": "m", "directory": {"path": "packages/m"}}], {"no_build": ["m"]}, {"m": "no_build names it"}),
    ([package("g", vcs=git_source())], {"no_build": [":all:"]}, {"g 1.0": "a git source, and no_build forbids"}),
    (
        [package("g", vcs=git_source(type="hg"))],
        {},
        {"g 1.0": "a source under hg, which this version does not collect"},
    ),
    ([package("g", vcs=git_source("ext::sh"))], {}, {"g 1.0": "a git repository at ext::sh, which this version"}),
    ([package("g", vcs=git_source(commit="main"))], {}, {"g 1.0": "names no full commit (main)"}),
    (
        [package("z", archive=archive("z-1.0.zip"))],
        {"no_build": ["z"]},
        {"z 1.0": "a source archive, and no_build forbids"},
    ),
    *(
        ([package("z", archive=archive(name))], {}, {"z 1.0": "neither a wheel nor an archive that uv unpacks"})
        for name in ("dl/", "%2e%2e", "z-1.0.rpm")
    ),
    (
        [package("z", archive=archive("z-1.0-py3-none-any.whl"))],
        {"no_binary": ["z"]},
        {"z 1.0": "has only a wheel of it"},
    ),
    (
        [package("z", archive=archive("z-1.0-py3-none-win32.whl"))],
        {},
        {"z 1.0": "z-1.0-py3-none-win32.whl of it, which does"},
    ),
    (
        [package("z", archive=archive("y-1.0-py3-none-any.whl"))],
        {},
        {"z 1.0": "y-1.0-py3-none-any.whl for it, which is y 1.0"},
    ),
    (
        [package("z", archive=archive("z-2.0-py3-none-any.whl"))],
        {},
        {"z 1.0": "z-2.0-py3-none-any.whl for it, which is z 2.0"},
    ),
    ([package("z", archive=archive("z.whl"))], {}, {"z 1.0": "z.whl"}),
    (
        [package("z", archive=archive("z-1.0.zip", "ftp://index.test"))],
        {},
        {"z 1.0": "an archive at ftp://index.test/z-1.0"},
    ),
]


@pytest.mark.parametrize(("packages", "wishes", "told"), OBSTACLES)
def test_all_obstacles_of_a_target(
    packages: list[dict[str, Any]], wishes: dict[str, Any], told: dict[str, str]
) -> None:
    found = select(lock(*packages), targets(), Preferences.parse(wishes)).obstacles
    assert [each.package for each in found] == sorted(told, key=[str(each.package) for each in found].index)
    for each in found:
        assert each.target.label == f"3.11.2-{X86}"
        assert told[str(each.package)] in each.reason


def test_obstacles_of_all_kinds_and_targets_in_one_error() -> None:
    packages = lock(
        package("a", tags=["cp311-cp311-manylinux2014_x86_64"]),
        package("b", tags=["py3-none-win_amd64"]),
        environments=["python_full_version < '3.14'"],
        **{"requires-python": ">=3.10"},
    )
    asked = targets("3.9.18", "3.11.2", "3.13.0", "3.14.0")
    with pytest.raises(errors.TargetsNotServed) as caught:
        obstacle.refuse(select(packages, asked, Preferences()).obstacles)
    told = {(item["target"].split("-")[0], item["package"]) for item in caught.value.obstacles}
    none_of_b = {(python, "b 1.0") for python in ("3.11.2", "3.13.0")}
    assert told == {("3.9.18", None), ("3.14.0", None), ("3.13.0", "a 1.0"), *none_of_b}
    for words in ("requires-python (>=3.10)", 'other environments (python_full_version < "3.14")', "partial"):
        assert words in str(caught.value)


def test_targets_with_the_same_obstacle_share_a_line() -> None:
    found = select(lock(package("a", sdist=True)), targets("3.9.1", "3.11.2"), Preferences.parse({"no_build": ["a"]}))
    with pytest.raises(errors.TargetsNotServed) as caught:
        obstacle.refuse(found.obstacles)
    assert f"a 1.0 for 3.11.2-{X86}, 3.9.1-{X86}: no wheel fits" in str(caught.value)


def test_what_another_target_takes_is_chosen_all_the_same() -> None:
    packages = lock(package("a", tags=["cp311-cp311-manylinux2014_x86_64"]), package("b", tags=["py3-none-any"]))
    found = select(packages, targets("3.11.2", "3.13.0"), Preferences())
    assert {choice.name: [each.python.name for each in choice.targets] for choice in found.choices} == {
        "a": ["3.11.2"],
        "b": ["3.11.2", "3.13.0"],
    }
    assert [each.target.python.name for each in found.obstacles] == ["3.13.0"]


REQUIRED = [
    (["sys_platform == 'win32'"], True),
    (["sys_platform == 'win32'", "sys_platform == 'linux' and platform_machine == 'x86_64'"], False),
    ([], False),
]


@pytest.mark.parametrize(("required", "hinted"), REQUIRED)
def test_environments_that_the_lock_need_not_have_a_wheel_for(required: list[str], hinted: bool) -> None:
    markers = [Marker(text) for text in required]
    found = select(lock(package("a", tags=["py3-none-win_amd64"])), targets(), Preferences(), markers)
    assert ["required-environments" in each.reason for each in found.obstacles] == [hinted]
    assert not select(lock(package("a", tags=["py3-none-any"])), targets(), Preferences(), markers).obstacles


BUILD_TAGS = [
    ["a-1.0-py3-none-any.whl", "a-1.0-2-py3-none-any.whl", "a-1.0-1-py3-none-any.whl"],
    ["a-1.0-10-py3-none-any.whl", "a-1.0-2-py3-none-any.whl"],
    ["a-1.0-2-py3-none-any.whl", "a-1.0-2a-py3-none-any.whl"],
]


@pytest.mark.parametrize("names", BUILD_TAGS)
def test_of_two_builds_the_later_one(names: list[str]) -> None:
    wanted = max(names, key=lambda name: parse_wheel_filename(name)[2])
    for order in (names, names[::-1]):
        raw = package("a")
        raw["wheels"] = [{"url": f"{FILES}/{name}", "hashes": {"sha256": "a" * 64}} for name in order]
        assert list(chosen(select(lock(raw), targets(), Preferences()))) == [wanted]


def test_an_unsupported_source_that_no_target_takes_is_no_obstacle() -> None:
    source = {"vcs": git_source(type="hg")}
    assert select(
        lock(package("a", marker="sys_platform == 'win32'", **source)), targets(), Preferences()
    ) == Selection(())


def test_one_version_from_an_index_and_from_git() -> None:
    twice = [
        package("a", tags=["py3-none-any"], marker="python_full_version < '3.10'"),
        package("a", marker="python_full_version >= '3.10'", vcs=git_source("https://u:secret@index.test/a.git")),
    ]
    with pytest.raises(errors.SourceNotSupported) as caught:
        select(lock(*twice), targets(), Preferences())
    ((label, told),) = caught.value.packages
    assert label == "a 1.0"
    assert "git https://***@index.test/a.git 000000000000 and https://index.test/" in told


def test_one_name_and_version_from_two_sources() -> None:
    twice = [
        package("a", tags=["py3-none-any"], marker="python_full_version < '3.10'"),
        package("a", tags=["cp311-cp311-linux_x86_64"], marker="python_full_version >= '3.10'"),
    ]
    with pytest.raises(errors.SourceNotSupported, match=r"a 1.0"):
        select(lock(*twice), targets(), Preferences())


def extra(folder: Path, name: str, version: str = "1.0", **more: Any) -> dict[str, str]:
    path = make_wheel(folder, name, version, **more)
    return {"path": str(path), "hash": f"sha256:{sha256(path)}"}


def test_an_extra_wheel_stands_for_the_locked_package(tmp_path: Path) -> None:
    wishes = Preferences.parse({"extra_wheels": [extra(tmp_path, "a")], "no_build": [":all:"]})
    found = select(lock(package("a", sdist=True)), targets(), wishes)
    assert [type(choice.source) for choice in found.choices] == [ExtraWheel]


def test_an_extra_wheel_that_fits_one_target_of_two(tmp_path: Path) -> None:
    tag = "cp39-cp39-manylinux2014_x86_64"
    wishes = Preferences.parse({"extra_wheels": [extra(tmp_path, "a", tag=tag)]})
    found = select(lock(package("a", sdist=True)), targets("3.9.18", "3.11.2"), wishes)
    assert {type(choice.source).__name__: [t.python.name for t in choice.targets] for choice in found.choices} == {
        "ExtraWheel": ["3.9.18"],
        "PackageSdist": ["3.11.2"],
    }


def test_an_extra_wheel_that_the_lock_does_not_know_is_one_more_package(tmp_path: Path) -> None:
    wishes = Preferences.parse({"extra_wheels": [extra(tmp_path, "plugin", "2.0")]})
    found = select(lock(package("a", tags=["py3-none-any"])), targets(), wishes)
    assert [(choice.name, choice.version) for choice in found.choices] == [("a", "1.0"), ("plugin", "2.0")]


def test_an_extra_wheel_of_another_version_than_the_lock_s(tmp_path: Path) -> None:
    wishes = Preferences.parse({"extra_wheels": [extra(tmp_path, "a", "2.0")]})
    (one,) = select(lock(package("a", tags=["py3-none-any"])), targets(), wishes).obstacles
    assert one.reason == "extra_wheels brings version 2.0, the lock has 1.0"


def test_a_package_of_the_caller_s_that_fits_some_targets(tmp_path: Path) -> None:
    wishes = Preferences.parse({"extra_wheels": [extra(tmp_path, "plugin", tag="cp39-cp39-manylinux2014_x86_64")]})
    found = select(lock(), targets("3.9.18", "3.11.2"), wishes)
    assert [[each.python.name for each in choice.targets] for choice in found.choices] == [["3.9.18"]]
    (one,) = found.obstacles
    assert (one.target.python.name, one.package) == ("3.11.2", "plugin 1.0")
    assert one.nearest == "plugin-1.0-cp39-cp39-manylinux2014_x86_64.whl"
    assert "extra_wheels" in one.reason


EXTRA = [
    ("a-1.0-py3-none-any.whl", "md5:00", "sha256:"),
    ("a-1.0-py3-none-any.whl", "sha256:00", "64 hexadecimal digits"),
    ("a-1.0-py3-none-any.whl", "sha256:" + "g" * 64, "64 hexadecimal digits"),
    ("absent-1.0-py3-none-any.whl", "sha256:" + "0" * 64, "no such file"),
    ("wheel.whl", "sha256:" + "0" * 64, "wheel.whl"),
]


@pytest.mark.parametrize(("name", "digest", "named"), EXTRA)
def test_extra_wheels_that_cannot_be_used(name: str, digest: str, named: str, tmp_path: Path) -> None:
    if not name.startswith("absent"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(errors.ExtraWheelInvalid) as caught:
        ExtraWheel.parse({"path": str(tmp_path / name), "hash": digest})
    assert named in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_without_sha256_is_refused() -> None:
    raw = package("a")
    raw["wheels"] = [{"url": f"{FILES}/a-1.0-py3-none-any.whl", "hashes": {"sha512": "a" * 128}}]
    found = lock(raw)
    with pytest.raises(errors.HashMissing, match=r"a 1\.0: a-1\.0-py3-none-any\.whl"):
        sha256_of("a 1.0", found.packages[0].wheels[0])


@pytest.mark.parametrize("name", ["../../evil.whl", "a-1.0-py3-none-any.whl/../x", "a-1.0.exe", "a.whl"])
def test_a_file_name_that_is_no_wheel_s(name: str) -> None:
    """A name from a lock is parsed as a wheel's; what is none is an error, never a path."""
    raw = {"name": "a", "version": "1.0"}
    raw["wheels"] = [{"name": name, "url": f"{FILES}/{name}", "hashes": {"sha256": "a" * 64}}]  # type: ignore[assignment]
    with pytest.raises(Exception, match=r"evil|a-1\.0|a\.whl"):
        select(lock(raw), targets(), Preferences())
