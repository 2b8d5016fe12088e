# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`pylock.toml` of any tool as the lock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_wheel(index.folder, "alpha")
    make_wheel(index.folder, "beta", "2.0", requires=["alpha"])
    make_wheel(index.folder, "gamma")
    return Collect(tmp_path, index)


def uv(folder: Path, *words: str) -> None:
    command = [str(uv_executable()), *words, "--no-cache", "--python", sys.executable]
    environment = clean_environment(folder.parent / "uv-home", UV_OFFLINE="1")
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)


def exported(collect: Collect, *words: str) -> dict[str, Any]:
    """The project's lock as uv writes it in the standard's form; the options that name it."""
    uv(collect.project, "export", "--frozen", "--format", "pylock.toml", "-o", "pylock.toml", *words)
    return {"project": None, "lockfile": collect.project / "pylock.toml"}


def install(collect: Collect) -> Path:
    """What a host does, with no index in reach; returns its packages' folder."""
    release = collect.folder / "host/releases/one"
    shutil.copytree(collect.wheelhouse, collect.folder / "host/wheels")
    shutil.copytree(collect.stage, release)
    uv(release, "sync", "--locked", "--no-index", "-f", "../../wheels")
    return next(release.glob(".venv/lib/*/site-packages"))


def test_it_is_the_same_as_the_lock_that_it_was_made_from(collect: Collect) -> None:
    collect.make("beta", files={"data/page.html": "hello"})
    options = exported(collect)
    shutil.copy(collect.project / "pylock.toml", collect.folder)
    (collect.project / "pylock.toml").unlink()
    usual = collect.succeed()
    shutil.copy(collect.folder / "pylock.toml", collect.project)
    shutil.rmtree(collect.wheelhouse)
    result = collect.succeed(**options)
    assert result["wheels"] == usual["wheels"]
    assert (collect.stage / "data/page.html").is_file()
    files = [{**file} for file in result["stage"]["files"] if file["path"] != "pylock.toml"]
    assert files == usual["stage"]["files"]
    assert [proof["packages"] for proof in result["proofs"]] == [2]
    assert collect.succeed(**options)["changed"] is False
    assert (install(collect) / "beta").is_dir()


def test_a_packaged_project_beside_it(collect: Collect) -> None:
    collect.make("beta", packaged=True)
    result = collect.succeed(**exported(collect))
    assert {wheel["name"]: wheel["origin"]["kind"] for wheel in result["wheels"]} == {
        "alpha": "index",
        "app": "directory",
        "beta": "index",
    }
    assert (install(collect) / "app").is_dir()


def written(collect: Collect, top: str = "", **markers: str) -> dict[str, Any]:
    """A lock with nothing beside it, as another tool writes it; of each name the marker, or nothing."""
    text = f'lock-version = "1.0"\ncreated-by = "another"\n{top}\n'
    for name, marker in markers.items():
        wheel = next(collect.index.folder.glob(f"{name}-*.whl"))
        text += f'[[packages]]\nname = "{name}"\nversion = "{wheel.name.split("-")[1]}"\n'
        text += f"marker = {marker!r}\n".replace("'", '"', 0) if marker else ""
        text += f'[[packages.wheels]]\nurl = "{collect.index.file_url(wheel.name)}"\n'
        text += f'hashes = {{ sha256 = "{sha256(wheel)}" }}\n'
        text += '[[packages.attestation-identities]]\nkind = "some"\n'
    path = write_tree(collect.folder / "My Site", {"pylock.web.toml": text, "secret.txt": "stays"})
    return {"project": None, "lockfile": path / "pylock.web.toml"}


def test_a_lock_alone(collect: Collect) -> None:
    options = written(collect, alpha="", beta='sys_platform == "linux"', gamma='sys_platform == "win32"')
    result = collect.succeed(**options)
    assert [wheel["name"] for wheel in result["wheels"]] == ["alpha", "beta"]
    assert sorted(path.name for path in collect.stage.iterdir()) == ["pyproject.toml", "uv.lock"]
    assert 'name = "my-site' in (collect.stage / "pyproject.toml").read_text(encoding="utf-8")
    assert (install(collect) / "beta").is_dir()


def test_a_lock_without_versions(collect: Collect) -> None:
    options = written(collect, alpha="", beta="")
    path = options["lockfile"]
    text = path.read_text(encoding="utf-8")
    path.write_text("".join(line for line in text.splitlines(True) if line[:9] != "version ="), encoding="utf-8")
    result = collect.succeed(**options)
    assert [(wheel["name"], wheel["version"]) for wheel in result["wheels"]] == [("alpha", "1.0"), ("beta", "2.0")]
    assert [proof["packages"] for proof in result["proofs"]] == [2]
    assert (install(collect) / "beta").is_dir()


@pytest.mark.parametrize("there", [True, False])
def test_a_url_and_a_path_of_one_file(there: bool, collect: Collect) -> None:
    """Either may be taken: the file where it is there with the hash, and else the URL."""
    options = written(collect, alpha="")
    path = options["lockfile"]
    wheel = next(collect.index.folder.glob("alpha-*.whl"))
    url = collect.index.file_url(wheel.name)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f'url = "{url}"', f'url = "{url}"\npath = "{wheel.name}"'), encoding="utf-8")
    if there:
        shutil.copy(wheel, path.parent)
        collect.index.stop()
    else:
        (path.parent / wheel.name).write_bytes(b"other bytes")
    (taken,) = collect.succeed(**options)["wheels"]
    assert taken["origin"] == ({"kind": "path", "path": wheel.name} if there else {"kind": "index", "url": url})


def test_another_hash_alone(collect: Collect) -> None:
    """uv.lock has sha256 alone, and so has what is staged. A wheel with its hash may be brought instead."""
    options = written(collect, alpha="", beta="")
    path = options["lockfile"]
    wheel = next(collect.index.folder.glob("alpha-*.whl"))
    digest = f'sha256 = "{sha256(wheel)}"'
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(digest, f'sha512 = "{"0" * 128}"'), encoding="utf-8")
    result = collect(**options)
    assert f"alpha: {wheel.name} (it has only sha512)" in result.msg
    assert "brought as well (extra_wheels) is then taken instead" in result.msg
    extra = [{"path": wheel, "hash": f"sha256:{sha256(wheel)}"}]
    result = collect.succeed(**options, no_install_package=["alpha"], extra_wheels=extra)
    assert [each["name"] for each in result["wheels"]] == ["alpha", "beta"]


def test_a_hash_is_no_path(collect: Collect) -> None:
    options = written(collect, alpha="")
    path = options["lockfile"]
    digest = sha256(next(collect.index.folder.glob("alpha-*.whl")))
    path.write_text(path.read_text(encoding="utf-8").replace(digest, f"../../../{'x' * 12}"), encoding="utf-8")
    result = collect(**options)
    assert result.msg == f"{path} is not valid: alpha has a sha256 that is none ('../../../{'x' * 12}')."
    assert not list(collect.folder.rglob("*.part"))


def test_extras_and_groups(collect: Collect) -> None:
    top = 'extras = ["more"]\ndependency-groups = ["default", "docs"]\ndefault-groups = ["default"]'
    options = written(
        collect,
        top,
        alpha='"default" in dependency_groups and python_version >= "3.8"',
        beta='"more" in extras',
        gamma='"docs" in dependency_groups or "more" in extras and sys_platform == "win32"',
    )
    taken = [
        [wheel["name"] for wheel in collect.succeed(**options, **more)["wheels"]]
        for more in ({}, {"extras": ["more"]}, {"groups": ["docs"]}, {"only_groups": ["docs"]}, {"all_extras": True})
    ]
    assert taken == [["alpha"], ["alpha", "beta"], ["alpha", "gamma"], ["gamma"], ["alpha", "beta"]]
    assert (install(collect) / "alpha").is_dir()


def test_without_a_hash_it_is_refused(collect: Collect) -> None:
    options = written(collect, alpha="")
    text = options["lockfile"].read_text(encoding="utf-8")
    options["lockfile"].write_text(text.replace("sha256 =", "sha512 ="), encoding="utf-8")
    result = collect(**options)
    assert "no sha256" in result.msg
    assert "alpha-1.0-py3-none-any.whl" in result.msg


# As these tools write a lock (pip 26.3 `pip lock`, PDM 2.26 `pdm export`, Poetry 2.5 `poetry export`): pip tells no
# version of what has a path and names it by its URL, PDM by both, and every package has a marker on its group.
TOOLS = {
    "pip": """
        lock-version = "1.0"
        created-by = "pip"
        [[packages]]
        name = "wheeled"
        archive = { url = "{files}/vendor/wheeled-1.0-py3-none-any.whl", hashes = { sha256 = "{wheel}" } }
        [[packages]]
        name = "packed"
        archive = { url = "{files}/vendor/packed-1.0.tar.gz", hashes = { sha256 = "{sdist}" } }
        """,
    "pdm": """
        lock-version = "1.0"
        requires-python = "<4,>=3.9"
        environments = [ "python_version ~= \\"3.9\\"" ]
        extras = ["more"]
        dependency-groups = ["default", "dev"]
        default-groups = ["default"]
        created-by = "pdm"
        [[packages]]
        name = "wheeled"
        version = "1.0"
        marker = "\\"default\\" in dependency_groups"
        [packages.archive]
        url = "{files}/vendor/wheeled-1.0-py3-none-any.whl"
        path = "./vendor/wheeled-1.0-py3-none-any.whl"
        hashes = {sha256 = "{wheel}"}
        [[packages]]
        name = "packed"
        version = "1.0"
        marker = "\\"more\\" in extras"
        [packages.archive]
        url = "{files}/vendor/packed-1.0.tar.gz"
        path = "./vendor/packed-1.0.tar.gz"
        hashes = {sha256 = "{sdist}"}
        [packages.tool.pdm]
        dependencies = []
        [tool.pdm]
        hashes = {sha256 = "db0179b6c1f89"}
        [[tool.pdm.targets]]
        requires_python = "~=3.9"
        """,
    "poetry": """
        lock-version = "1.0"
        environments = ["python_version >= \\"3.9\\" and python_version < \\"4\\""]
        requires-python = ">=3.9,<4"
        created-by = "poetry-plugin-export"
        [[packages]]
        name = "wheeled"
        version = "1.0"
        archive = {path = "vendor/wheeled-1.0-py3-none-any.whl", hashes = {sha256 = "{wheel}"}}
        [[packages]]
        name = "packed"
        version = "1.0"
        archive = {path = "vendor/packed-1.0.tar.gz", hashes = {sha256 = "{sdist}"}}
        """,
    "folders": """
        lock-version = "1.0"
        created-by = "whoever"
        [[packages]]
        name = "wheeled"
        version = "1.0"
        [[packages.wheels]]
        path = "vendor/wheeled-1.0-py3-none-any.whl"
        hashes = {sha256 = "{wheel}"}
        [[packages]]
        name = "packed"
        version = "1.0"
        sdist = {path = "vendor/packed-1.0.tar.gz", hashes = {sha256 = "{sdist}"}}
        """,
}


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_files_beside_the_lock_of_each_tool(tool: str, collect: Collect) -> None:
    wheel = make_wheel(collect.project / "vendor", "wheeled")
    sdist = make_sdist(collect.project / "vendor", "packed")
    told = {"{files}": collect.project.as_uri(), "{wheel}": sha256(wheel), "{sdist}": sha256(sdist)}
    text = TOOLS[tool]
    for word, value in told.items():
        text = text.replace(word, value)
    write_tree(collect.project, {"pylock.toml": text})
    options: dict[str, Any] = {"project": None, "lockfile": collect.project / "pylock.toml"}
    result = collect.succeed(**options, extras=["more"] if tool == "pdm" else [])
    origins = {wheel["name"]: dict(wheel["origin"]) for wheel in result["wheels"]}
    assert origins["packed"].pop("built")
    assert origins == {
        "packed": {"kind": "path", "path": "vendor/packed-1.0.tar.gz", "sha256": sha256(sdist)},
        "wheeled": {"kind": "path", "path": "vendor/wheeled-1.0-py3-none-any.whl"},
    }
    assert {wheel["version"] for wheel in result["wheels"]} == {"1.0"}
    assert [proof["packages"] for proof in result["proofs"]] == [2]
    assert (install(collect) / "wheeled").is_dir()
