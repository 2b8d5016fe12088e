# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a pylock.toml is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.standard import chosen
from ansible_collections.airgap.uv.plugins.module_utils.uv import Groups

MARKERS = {
    "always": None,
    "linux": "sys_platform == 'linux'",
    "extra": "'Big_Extra' in extras",
    "group": "'docs' in dependency_groups",
    "default": "'default' in dependency_groups",
    "dev": "'dev' in dependency_groups and python_version < '3.12'",
    "either": "('docs' in dependency_groups or 'big-extra' in extras) and sys_platform == 'linux'",
    "neither": "'docs' not in dependency_groups and 'big-extra' not in extras",
    "local": None,
}


def lock() -> pylock.Pylock:
    packages: list[dict[str, Any]] = []
    for name, marker in MARKERS.items():
        place = (
            {"directory": {"path": "."}} if name == "local" else {"vcs": {"type": "git", "url": "x", "commit-id": "0"}}
        )
        packages.append({"name": name, **place, **({"marker": marker} if marker else {})})
    return pylock.Pylock.from_dict(
        {
            "lock-version": "1.0",
            "created-by": "test",
            "extras": ["big-extra"],
            "dependency-groups": ["default", "dev", "docs"],
            "default-groups": ["default", "dev"],
            "packages": packages,
        }
    )


LINUX = 'sys_platform == "linux"'
ALWAYS: dict[str, str | None] = {"always": None, "linux": LINUX, "local": None}
OLD = 'python_version < "3.12"'

CASES: list[tuple[Groups, dict[str, str | None]]] = [
    (Groups(), {**ALWAYS, "default": None, "neither": None}),
    (Groups(no_dev=False), {**ALWAYS, "default": None, "dev": OLD, "neither": None}),
    (Groups(groups=("dev",)), {**ALWAYS, "default": None, "dev": OLD, "neither": None}),
    (Groups(extras=("Big.Extra",)), {**ALWAYS, "extra": None, "default": None, "either": LINUX}),
    (Groups(all_extras=True), {**ALWAYS, "extra": None, "default": None, "either": LINUX}),
    (Groups(groups=("docs",), no_default_groups=True), {**ALWAYS, "group": None, "either": LINUX}),
    (Groups(only_groups=("docs",)), {**ALWAYS, "group": None, "either": LINUX}),
    (
        Groups(all_groups=True),
        {**ALWAYS, "group": None, "default": None, "either": LINUX},
    ),
    (
        Groups(no_install_package=("Always", "default")),
        {"linux": LINUX, "local": None, "neither": None},
    ),
    (Groups(no_install_project=True), {"always": None, "linux": LINUX, "default": None, "neither": None}),
    (Groups(no_install_local=True), {"always": None, "linux": LINUX, "default": None, "neither": None}),
]


@pytest.mark.parametrize(("groups", "expected"), CASES)
def test_chosen(groups: Groups, expected: dict[str, str | None]) -> None:
    found = chosen(lock(), groups)
    markers = {str(package.name): str(package.marker) if package.marker else None for package in found.packages}
    assert markers == expected
    assert (found.extras, found.dependency_groups, found.default_groups) == (None, None, None)


REFUSED = [
    (Groups(extras=("small",)), "extras: small.*it has big-extra"),
    (Groups(groups=("test",)), "groups: test.*it has default, dev, docs"),
    (Groups(only_groups=("test",)), "only_groups: test"),
    (Groups(package="app"), "package: app.*no workspace"),
    (Groups(all_packages=True), "all_packages: true.*no workspace"),
]


@pytest.mark.parametrize(("groups", "says"), REFUSED)
def test_refused(groups: Groups, says: str) -> None:
    with pytest.raises(errors.OptionInvalid, match=says):
        chosen(lock(), groups)


def of_files(*files: tuple[str, str]) -> pylock.Pylock:
    """A lock of one package without a version; each file's kind and name."""
    found: dict[str, Any] = {"name": "alpha"}
    for kind, name in files:
        entry = {"url": f"https://index.test/{name}", "hashes": {"sha256": "0" * 64}}
        if kind == "wheels":
            found.setdefault(kind, []).append(entry)
        else:
            found[kind] = entry
    return pylock.Pylock.from_dict({"lock-version": "1.0", "created-by": "test", "packages": [found]})


WHEEL = ("wheels", "alpha-1.0-py3-none-any.whl")

VERSIONS: list[tuple[list[tuple[str, str]], str | None]] = [
    ([WHEEL], "1.0"),
    ([WHEEL, ("wheels", "alpha-1.0-cp39-abi3-win32.whl"), ("sdist", "alpha-1.0.tar.gz")], "1.0"),
    ([("sdist", "alpha-2.zip")], "2"),
    ([("archive", "alpha-3-py3-none-any.whl")], "3"),
    ([("archive", "main-4.zip")], None),
    ([("archive", "alpha.whl")], None),
]


@pytest.mark.parametrize(("files", "version"), VERSIONS)
def test_a_version_that_only_the_files_tell(files: list[tuple[str, str]], version: str | None) -> None:
    (package,) = chosen(of_files(*files), Groups()).packages
    assert (str(package.version) if package.version else None) == version


def test_files_of_several_versions() -> None:
    with pytest.raises(errors.FileInvalid, match=r"alpha has no version, and its files are of 1\.0, 2\.0"):
        chosen(of_files(WHEEL, ("sdist", "alpha-2.0.tar.gz")), Groups())
