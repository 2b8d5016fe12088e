# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each supported uv accepts the staged project, installs from it offline, and refuses a tampered wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.real import PLATFORM, fetch_uv, find_python, installed, sync
from ansible_collections.airgap.uv.tests.unit.support.running import Module
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, tamper

VERSIONS = ["0.5.0", "0.8.0", "0.10.0", "0.12.0", "0.13.8"]

# The real lock: forks of one name, two wheels that were built, and more wheels named than are there.
REAL, PYTHON = "genmod", "3.12"


@pytest.fixture(scope="session", params=VERSIONS)
def uv(request: pytest.FixtureRequest) -> Path:
    return fetch_uv(request.param)


class Host:
    """`wheels/` and `releases/` as on a host."""

    def __init__(self, folder: Path, wheelhouse: Path, stage: Path, python: str) -> None:
        self.folder, self.stage, self.python = folder, stage, python
        shutil.copytree(wheelhouse, folder / "wheels", ignore=shutil.ignore_patterns(".cache"))

    def deploy(self, uv: Path, name: str, *indexes: str) -> Any:
        release = self.folder / "releases" / name
        shutil.copytree(self.stage, release)
        return release, sync(uv, release, self.python, self.folder / "home", indexes or ("--no-index",))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Wheelhouse and stage of a small packaged project with all that makes a lock difficult."""
    folder = tmp_path_factory.mktemp("small")
    with Index(folder / "index") as index:
        for version in ("1.0", "2.0"):
            make_wheel(index.folder, "forked", version)
        make_wheel(index.folder, "local-part", "3.0+local.1", requires=["extra-needed"])
        make_wheel(index.folder, "extra-needed", entry_points={"extra-needed": "extra_needed:main"})
        make_wheel(index.folder, "winonly", tag="py3-none-win_amd64")
        make_sdist(index.folder, "sourced")
        collect = Collect(folder, index)
        collect.make(
            "local-part",
            "sourced",
            "forked==1.0; python_version < '3.10'",
            "forked==2.0; python_version >= '3.10'",
            "winonly; sys_platform == 'win32'",
            packaged=True,
        )
        collect.succeed()
    yield collect.wheelhouse, collect.stage


@pytest.fixture(scope="session")
def real(locks: Path, uv_wheelhouse: Module, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Wheelhouse and stage of a real lock, for two Pythons in one play."""
    found = find_python(PYTHON)
    if not found:
        pytest.skip(f"Python {PYTHON} is not installed")
    folder = tmp_path_factory.mktemp("real")
    result = uv_wheelhouse(
        patience=900,
        project=locks / REAL,
        frozen=True,
        no_install_local=True,
        wheelhouse=folder / "wheels",
        stage={"path": folder / "stage"},
        targets=[{"python": found[1], "platform": PLATFORM}],
    )
    assert not result.failed, result.msg
    return folder / "wheels", folder / "stage", found[0]


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, Index]]:
    """A small packaged project whose built wheels alone travel, and the index that has the others."""
    folder = tmp_path_factory.mktemp("shipped")
    with Index(folder / "index") as index:
        for version in ("1.0", "2.0"):
            make_wheel(index.folder, "forked", version)
        make_wheel(index.folder, "local-part", "3.0+local.1")
        make_sdist(index.folder, "sourced")
        collect = Collect(folder, index)
        collect.make(
            "local-part",
            "sourced",
            "forked==1.0; python_version < '3.10'",
            "forked==2.0; python_version >= '3.10'",
            packaged=True,
        )
        collect.succeed(ship="built")
        yield collect.wheelhouse, collect.stage, index


def assert_refuses_what_was_tampered_with(uv: Path, host: Host, name: str) -> None:
    (wheel,) = host.folder.glob(f"wheels/**/{name}-*.whl")
    tamper(wheel)
    release, done = host.deploy(uv, "tampered")
    assert done.returncode != 0
    assert name.replace("_", "-") in done.stderr.lower().replace("_", "-")
    assert name.replace("_", "-") not in installed(release)
    assert (release / "uv.lock").read_bytes() == (host.stage / "uv.lock").read_bytes()


def test_a_small_project(uv: Path, small: tuple[Path, Path], tmp_path: Path) -> None:
    host = Host(tmp_path, *small, sys.executable)
    release, done = host.deploy(uv, "one")
    assert done.returncode == 0, done.stderr
    assert (release / "uv.lock").read_bytes() == (host.stage / "uv.lock").read_bytes()
    assert (release / "pyproject.toml").read_bytes() == (host.stage / "pyproject.toml").read_bytes()
    forked = "2.0" if sys.version_info >= (3, 10) else "1.0"
    assert installed(release) == {
        "app": "0.1.0",
        "extra-needed": "1.0",
        "forked": forked,
        "local-part": "3.0+local.1",
        "sourced": "1.0",
    }
    _release, again = host.deploy(uv, "two")
    assert again.returncode == 0, again.stderr
    for name in ("extra_needed", "sourced", "app"):
        assert_refuses_what_was_tampered_with(uv, host, name)
        shutil.rmtree(tmp_path / "releases" / "tampered")
        shutil.rmtree(tmp_path / "wheels")
        shutil.copytree(small[0], tmp_path / "wheels", ignore=shutil.ignore_patterns(".cache"))


def test_a_wheel_that_is_absent_is_named(uv: Path, small: tuple[Path, Path], tmp_path: Path) -> None:
    host = Host(tmp_path, *small, sys.executable)
    (wheel,) = tmp_path.glob("wheels/extra_needed-*.whl")
    wheel.unlink()
    _release, done = host.deploy(uv, "one")
    assert done.returncode != 0
    assert "extra" in done.stderr


def test_what_does_not_travel_is_checked_all_the_same(
    uv: Path, shipped: tuple[Path, Path, Index], tmp_path: Path
) -> None:
    """Other bytes from the index are refused, and so are other bytes in the folder."""
    wheelhouse, stage, index = shipped
    index.heal()
    host = Host(tmp_path, wheelhouse, stage, sys.executable)
    own = ("--no-config", "--default-index", index.url)  # as the role has it
    release, done = host.deploy(uv, "one", *own)
    assert done.returncode == 0, done.stderr
    assert (release / "uv.lock").read_bytes() == (stage / "uv.lock").read_bytes()
    forked = "2.0" if sys.version_info >= (3, 10) else "1.0"
    assert installed(release) == {"app": "0.1.0", "forked": forked, "local-part": "3.0+local.1", "sourced": "1.0"}

    other = make_wheel(tmp_path / "other", "forked", forked, files={"forked/evil.py": ""})
    index.fail(other.name, wrong=other.read_bytes())
    release, done = host.deploy(uv, "served", *own)
    assert (done.returncode != 0, "Hash mismatch for `forked" in done.stderr) == (True, True), done.stderr
    assert installed(release) == {}

    index.heal()
    (own_wheel,) = host.folder.glob("wheels/*/sourced-*.whl")
    shutil.copyfile(make_wheel(tmp_path / "other", "sourced", files={"sourced/evil.py": ""}), own_wheel)
    release, done = host.deploy(uv, "tampered", *own)
    assert (done.returncode != 0, "Hash mismatch for `sourced" in done.stderr) == (True, True), done.stderr
    assert installed(release) == {}


def test_a_real_lock(uv: Path, real: tuple[Path, Path, str], tmp_path: Path) -> None:
    wheelhouse, stage, python = real
    host = Host(tmp_path, wheelhouse, stage, python)
    release, done = host.deploy(uv, "one")
    assert done.returncode == 0, done.stderr
    assert (release / "uv.lock").read_bytes() == (stage / "uv.lock").read_bytes()
    found = installed(release)
    assert len(found) == 14
    subprocess.run([str(release / ".venv/bin/python"), "-c", "import click, pytest, tabix"], check=True)
    assert_refuses_what_was_tampered_with(uv, host, "click")
