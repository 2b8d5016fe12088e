# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role as a playbook runs it, on one host."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.deploying import Deployment
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    lock,
    make_project,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, tamper

# A uv that says its version and what it would do, begins to install, and dies.
BROKEN = f"""#!/bin/sh
case "$*" in
  *--dry-run*) ;;
  sync*|*" sync "*) mkdir -p .venv/bin; echo half > .venv/pyvenv.cfg; echo out of order >&2; kill -9 $$ ;;
esac
exec {uv_executable()} "$@"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A locked project without build system, whose dependency brings the console script `alpha`."""
    folder = tmp_path_factory.mktemp("shared")
    with Index(folder / "index") as index:
        make_wheel(index.folder, "alpha", entry_points={"alpha": "alpha:main"})
        yield make_project(folder / "app", index, dependencies=["alpha"])


@pytest.fixture
def deployment(tmp_path: Path, project: Path) -> Deployment:
    return Deployment(tmp_path, project)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Deployment:
    """What was deployed once and is not changed, or put right again."""
    deployment = Deployment(tmp_path_factory.mktemp("deployed"), project)
    deployment.succeed()
    return deployment


def test_a_second_run_changes_nothing_and_asks_little(deployed: Deployment) -> None:
    before = snapshot(deployed.path, times=False)
    assert deployed.releases == {deployed.succeed()}
    assert deployed.changed == [0]
    assert 0 < deployed.calls <= 4
    assert snapshot(deployed.path, times=False) == before
    assert deployed.says == ("alpha 1.0", "app")


def test_what_was_edited_on_the_host_is_put_right(deployed: Deployment) -> None:
    before = snapshot(deployed.path, times=False)
    files = [deployed.path / "current" / name for name in ("uv.lock", "main.py")]
    for path in files:
        path.write_bytes(path.read_bytes() + b"# edited\n")
    (wheel,) = (deployed.path / "wheels").rglob("alpha-*.whl")
    tamper(wheel)
    deployed.succeed("--diff")
    assert deployed.changed == [1]
    assert all(path.name in deployed.output for path in [*files, wheel])
    assert snapshot(deployed.path, times=False) == before


def test_an_install_that_dies_leaves_the_old_release(deployment: Deployment) -> None:
    old = deployment.succeed()
    deployment.edit("new")
    assert deployment.run(uv_executable=str(deployment.program("broken", BROKEN))) != 0
    assert "out of order" in deployment.output
    assert deployment.current == old
    assert deployment.says == ("alpha 1.0", "app")

    (begun,) = deployment.releases - {old}
    release = deployment.path / "releases" / begun
    assert (release / ".venv").exists()
    write_tree(release, {"main.py": "half", "garbage": "", "sub/garbage": "", ".venv/lib/garbage": ""})
    assert deployment.succeed() == begun
    assert deployment.says == ("alpha 1.0", "new")
    assert not [*release.rglob("garbage")]


def test_what_the_host_says_to_uv_does_not_matter(deployment: Deployment) -> None:
    elsewhere = deployment.folder / "elsewhere"
    settings = (
        f'index-url = "http://127.0.0.1:9/simple"\nno-binary = true\ncache-dir = "{elsewhere}/cache-of-file"\n'
        'python-preference = "only-managed"\nlink-mode = "symlink"\n'
    )
    write_tree(deployment.folder, {"config/uv/uv.toml": settings})
    deployment.play["environment"] = {
        "HOME": f"{elsewhere}/home",
        "UV_CACHE_DIR": f"{elsewhere}/cache",
        "UV_CONFIG_FILE": f"{deployment.folder}/config/uv/uv.toml",
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_FIND_LINKS": f"{elsewhere}/wheels",
        "UV_LINK_MODE": "symlink",
        "UV_NO_BINARY": "1",
        "UV_PROJECT": f"{elsewhere}/project",
        "UV_PROJECT_ENVIRONMENT": f"{elsewhere}/venv",
        "UV_PYTHON_PREFERENCE": "only-managed",
        "XDG_CACHE_HOME": f"{elsewhere}/xdg-cache",
        "XDG_CONFIG_HOME": f"{deployment.folder}/config",
        "XDG_DATA_HOME": f"{elsewhere}/xdg-data",
    }
    deployment.succeed()
    assert deployment.says == ("alpha 1.0", "app")
    assert not elsewhere.exists()
    installed = [*(deployment.path / "current/.venv/lib").rglob("alpha/__init__.py")]
    assert [path.is_symlink() for path in installed] == [False]


def test_old_releases_go_and_an_old_one_comes_back(deployment: Deployment) -> None:
    made = []
    for code in ("one", "two", "three", "four"):
        deployment.edit(code)
        made.append(deployment.succeed(keep_releases=2))
    assert len(set(made)) == 4
    assert deployment.releases == set(made[2:])
    assert deployment.says == ("alpha 1.0", "four")
    deployment.edit("three")
    assert deployment.succeed(keep_releases=2) == made[2]
    assert deployment.releases == set(made[2:])
    assert deployment.says == ("alpha 1.0", "three")


def test_which_files_travel(deployment: Deployment) -> None:
    files = {
        ".gitignore": "/web\n/notes\n",
        "web/index.html": "built\n",
        "notes/todo": "private\n",
        "tests/test_app.py": "assert True\n",
    }
    write_tree(deployment.project, files)
    deployment.succeed(include=["/web"], exclude=["/tests"])
    release = deployment.path / "current"
    found = {str(path.relative_to(release)) for path in release.rglob("*") if path.is_file()}
    found = {name for name in found if not name.startswith(".venv/")}
    assert found == {".gitignore", "main.py", "pyproject.toml", "uv.lock", "web/index.html"}


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.web.toml"])
def test_a_standard_lock(name: str, deployment: Deployment) -> None:
    """Where there is no uv.lock a pylock.toml is taken by itself, another when it is named."""
    argv = [uv_executable(), "export", "--frozen", "--offline", "--format", "pylock.toml", "-o", name]
    environment = clean_environment(deployment.home)
    subprocess.run(argv, cwd=deployment.project, env=environment, capture_output=True, check=True)
    if name == "pylock.toml":
        (deployment.project / "uv.lock").unlink()
        deployment.succeed()
    else:
        deployment.succeed(lockfile=name)
    assert deployment.says == ("alpha 1.0", "app")
    assert deployment.run(lockfile="pylock.other.toml") != 0
    assert "pylock.other.toml on the controller" in " ".join(deployment.output.split())


def test_a_mirror_with_a_password(tmp_path: Path) -> None:
    """The index of the lock is gone; the password is in nothing that is shown, sent or kept."""
    with Index(tmp_path / "index") as index:
        make_wheel(index.folder, "alpha", entry_points={"alpha": "alpha:main"})
        made = make_project(tmp_path / "made", index, dependencies=["alpha"])
        gone = index.url
    with Index(tmp_path / "index", credentials=("user", "s3cret")) as mirror:
        deployment = Deployment(tmp_path / "deployment", made)
        account = {"url": mirror.origin, "username": "user", "password": "s3cret"}
        deployment.succeed("-vvv", mirrors={gone: mirror.url}, credentials=[account], frozen=True)
    assert deployment.says == ("alpha 1.0", "app")
    assert "s3cret" not in deployment.output
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "hosts.yml"]
    assert [path for path in kept if b"s3cret" in path.read_bytes()] == []


def test_a_wheel_that_was_built_before(tmp_path: Path, index: Index) -> None:
    """The project's own, from its `dist`: what it would be built from would fail. Other bytes, another release."""
    made = make_project(tmp_path / "made", index, packaged=True, prelude="raise SystemExit('it was built')")
    deployment = Deployment(tmp_path / "deployment", made)
    dist = deployment.project / "dist"
    make_wheel(dist, "app", "0.1.0", files={"app/data": "1"})
    first = deployment.succeed(dist="dist", frozen=True)
    make_wheel(dist, "app", "0.1.0", files={"app/data": "2"})
    second = deployment.succeed(dist=str(dist), frozen=True)
    installed = {
        name: [path.read_text(encoding="utf-8") for path in (deployment.path / "releases" / name).rglob("app/data")]
        for name in (first, second)
    }
    assert installed == {first: ["1"], second: ["2"]}
    (dist / "app-0.1.0-py3-none-any.whl").rename(dist / "app-0.0.9-py3-none-any.whl")
    assert deployment.run(dist="dist", frozen=True) != 0
    said = " ".join(deployment.output.split())
    assert "app is at 0.1.0, and there is app-0.0.9-py3-none-any.whl" in said


def test_hosts_that_reach_the_index(tmp_path: Path) -> None:
    """Only what was built travels; the host has its own password, and its uv refuses what the index changed."""
    with Index(tmp_path / "index", credentials=("ci", "s3cret")) as index:
        alpha = make_wheel(index.folder, "alpha", entry_points={"alpha": "alpha:main"})
        make_sdist(index.folder, "delta")
        named = f'\n[[tool.uv.index]]\nname = "corp"\nurl = "{index.url}"\ndefault = true\n'
        made = make_project(tmp_path / "made", dependencies=["alpha", "delta"], extra=named)
        password = {"UV_INDEX_CORP_USERNAME": "ci", "UV_INDEX_CORP_PASSWORD": "s3cret"}
        lock(made, environ=password)
        deployment = Deployment(tmp_path / "deployment", made)
        account = {"index": "corp", "username": "ci", "password": "s3cret"}
        given = {"ship": "built", "credentials": [account], "frozen": True}
        assert deployment.run(**given) != 0
        assert "alpha==1.0: this host could not fetch" in deployment.output
        assert "UV_INDEX_<NAME>_USERNAME" in deployment.output
        assert deployment.current == ""

        deployment.play["environment"] = password
        other = make_wheel(tmp_path / "other", "alpha", files={"alpha/evil.py": ""})
        index.fail(alpha.name, wrong=other.read_bytes())
        assert deployment.run(**given) != 0
        assert "Find out who changed it on the index" in deployment.output
        assert deployment.current == ""

        index.heal()
        release = deployment.succeed(**given)
        assert deployment.says == ("alpha 1.0", "app")
        assert [path.name.partition("-")[0] for path in deployment.path.glob("wheels/**/*.whl")] == ["delta"]
        index.stop()  # what is installed needs it no more; the next release is refused before anything is changed
        assert deployment.succeed("-vvv", **given) == release
        assert deployment.changed == [0]
        deployment.edit("newer")
        assert deployment.run(**given) != 0
        assert f"The host reaches no {index.origin}" in " ".join(deployment.output.split())
        assert deployment.releases == {release}
        index.start()
        assert deployment.succeed(credentials=[account], frozen=True) != release
    kept = [path for path in deployment.path.rglob("*") if path.is_file()]
    assert [path for path in kept if b"s3cret" in path.read_bytes()] == []


def test_check_mode_on_a_bare_host(deployment: Deployment) -> None:
    deployment.path.parent.mkdir()
    deployment.home.mkdir()
    before = snapshot(deployment.path.parent, deployment.home, deployment.project)
    deployment.succeed("--check", "--diff")
    assert deployment.changed[0] > 0
    assert snapshot(deployment.path.parent, deployment.home, deployment.project) == before


def test_hosts_in_turn_get_one_release(deployment: Deployment) -> None:
    paths = {host: deployment.folder / "host" / host for host in ("web1", "web2")}
    deployment.hosts = {host: {"path": str(path)} for host, path in paths.items()}
    deployment.play["serial"] = 1
    assert deployment.run() == 0, deployment.output
    links = {os.readlink(path / "current") for path in paths.values()}
    assert len(links) == 1


def test_tags_that_match_nothing(deployment: Deployment) -> None:
    assert deployment.run("--tags", "of-something-else") == 0, deployment.output
    assert deployment.calls == 0
    assert not deployment.path.parent.exists()
