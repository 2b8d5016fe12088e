# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a Python that travels: an archive that the test makes of the Python at hand."""

from __future__ import annotations

import os
import platform
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.deploying import Deployment
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import make_project
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.standalone import MINOR, NAME, VERSION, make_archive, sha256
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("shared")
    with Index(folder / "index") as index:
        make_wheel(index.folder, "alpha", entry_points={"alpha": "alpha:main"})
        yield make_project(folder / "app", index, dependencies=["alpha"])


class Standalone(Deployment):
    """A deployment whose Python comes along."""

    def bring(self, *archives: Path, hash: str = "", **more: str) -> dict[str, object]:
        listed = [{"path": str(path), "hash": hash or f"sha256:{sha256(path)}", **more} for path in archives]
        return {"python": MINOR, "python_archives": listed}

    @property
    def interpreter(self) -> Path:
        return Path(os.readlink(self.path / "current/.venv/bin/python"))

    @property
    def pythons(self) -> list[str]:
        return sorted(path.name for path in (self.path / "python").iterdir())


@pytest.fixture
def deployment(tmp_path: Path, project: Path) -> Standalone:
    return Standalone(tmp_path, project)


def test_a_release_runs_on_the_python_that_came_along(deployment: Standalone, archive: Path) -> None:
    given = deployment.bring(archive)
    before = snapshot(deployment.path.parent)
    deployment.succeed("--check", "--diff", **given)
    assert f"Python {VERSION} out of {NAME}" in deployment.output
    assert snapshot(deployment.path.parent) == before

    deployment.succeed(**given)
    assert deployment.says == ("alpha 1.0", "app")
    short = sha256(archive)[:12]
    assert deployment.interpreter.parts[-4] == f"{VERSION}-{short}"
    assert deployment.pythons == [f"{VERSION}-{short}", "archives"]
    assert sha256(deployment.path / "python/archives" / short / NAME) == sha256(archive)

    before = snapshot(deployment.path, times=False)
    deployment.succeed(**given)
    assert deployment.changed == [0]
    assert deployment.calls <= 4
    assert snapshot(deployment.path, times=False) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_all_of_it_gets_another_owner(deployment: Standalone, archive: Path) -> None:
    given = deployment.bring(archive)
    for owner in ("nobody", "root"):
        deployment.succeed(owner=owner, **given)
        uid = pwd.getpwnam(owner).pw_uid
        others = {path for path in deployment.path.rglob("*") if path.lstat().st_uid != uid}
        # Whose a link is gives nobody a right to it.
        assert others <= {deployment.path / "current"}
    deployment.succeed(owner="root", **given)
    assert deployment.changed == [0]


def test_another_build_does_not_touch_the_release_that_runs(
    deployment: Standalone, archive: Path, tmp_path: Path
) -> None:
    deployment.succeed(**deployment.bring(archive))
    old, first = deployment.path / "releases" / deployment.current, deployment.interpreter
    before = snapshot(first.parents[2], old)
    deployment.edit("new")
    deployment.succeed(**deployment.bring(make_archive(tmp_path / "other", more={"another": "build"})))
    assert deployment.says == ("alpha 1.0", "new")
    assert deployment.interpreter != first
    assert snapshot(first.parents[2], old) == before


def test_a_host_that_no_archive_fits_uses_its_own(deployment: Standalone, archive: Path) -> None:
    other = "aarch64" if platform.machine() != "aarch64" else "x86_64"
    given = deployment.bring(archive, platform=f"{other}-unknown-linux-gnu")
    deployment.succeed(**given)
    assert not (deployment.path / "python").exists()


def test_a_wrong_hash_stops_before_anything_is_changed(deployment: Standalone, archive: Path) -> None:
    for check in ([], ["--check"]):
        assert deployment.run(*check, **deployment.bring(archive, hash="sha256:" + "0" * 64)) != 0
        assert f"has sha256 {sha256(archive)}, but its hash was given as 000" in " ".join(deployment.output.split())
        assert not deployment.path.exists()


def test_a_list_that_is_wrong_is_refused_first(deployment: Standalone, archive: Path) -> None:
    assert deployment.run(**deployment.bring(archive.with_name("gone.tar.gz"), hash="0" * 64)) != 0
    assert "uv_deploy_python_archives[0].python: the name gone.tar.gz does not tell its Python" in deployment.output
    assert deployment.calls == 0
