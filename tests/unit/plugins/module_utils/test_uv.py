# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.uv import MINIMUM, Groups, Uv
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    make_project,
    replace_in,
    run_command,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ANY = SpecifierSet(">=3.9")


@pytest.fixture
def uv(tmp_path: Path) -> Uv:
    return Uv.find(str(uv_executable()), run_command, clean_environment(tmp_path / "home"))


def script(folder: Path, text: str, name: str = "uv") -> Path:
    """A program that stands for uv."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


FOUND = [
    ("uv 0.13.8 (x86_64-unknown-linux-gnu)", "0.13.8"),
    ("uv 0.9.0", "0.9.0"),
    ("uv 1.0.0rc1 (abc 2026-01-01)", "1.0.0rc1"),
]


@pytest.mark.parametrize(("told", "version"), FOUND)
def test_version(told: str, version: str, tmp_path: Path) -> None:
    found = Uv.find(str(script(tmp_path, f"echo '{told}'")), run_command, {})
    assert found.version == Version(version)


def test_uv_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.UvMissing, match=f"{tmp_path}/no/uv.*pip install uv"):
        Uv.find(str(tmp_path / "no" / "uv"), run_command, {})
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.UvMissing, match=f"beside {tmp_path}/python and on PATH"):
        Uv.find(None, run_command, {})


def test_uv_beside_the_interpreter_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = script(tmp_path / "path", "echo uv 0.10.0")
    monkeypatch.setenv("PATH", str(other.parent), prepend=":")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert Uv.find(None, run_command, {}).path == str(other)
    beside = script(tmp_path / "bin", "echo uv 0.11.0")
    assert Uv.find(None, run_command, {}).path == str(beside)


@pytest.mark.parametrize("version", ["0.5.0", "0.8.24", "0.9.0rc1"])
def test_uv_that_is_too_old(version: str, tmp_path: Path) -> None:
    path = script(tmp_path, f"echo uv {version}")
    with pytest.raises(errors.UvTooOld, match=f"{path} is uv {version}; the controller needs {MINIMUM}"):
        Uv.find(str(path), run_command, {})


@pytest.mark.parametrize("text", ["exit 3", "echo hello", "echo uv; echo x >&2"])
def test_a_program_that_is_not_uv(text: str, tmp_path: Path) -> None:
    with pytest.raises(errors.CommandError, match="does not tell its version"):
        Uv.find(str(script(tmp_path, text)), run_command, {})


REQUIRED = [
    ("", None),
    ('required-version = ">=0.5"', None),
    ('required-version = ">=0.13,<99"', None),
    ('required-version = "==0.4.0"', "==0.4.0"),
    ('required-version = "0.4.0"', "0.4.0"),
    ('required-version = ">=99"', ">=99"),
]


@pytest.mark.parametrize(("line", "demanded"), REQUIRED)
@pytest.mark.parametrize("where", ["pyproject.toml", "uv.toml"])
def test_required_version(where: str, line: str, demanded: str | None, uv: Uv, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", extra=f"[tool.uv]\n{line}\n" if where == "pyproject.toml" else "")
    write_tree(project, {"uv.lock": "version = 1\n", **({"uv.toml": line} if where == "uv.toml" else {})})
    lock = Lockfile.read(project / "uv.lock")
    if demanded is None:
        uv.refuse_required_version(lock)
        return
    with pytest.raises(errors.UvRequiredVersion) as caught:
        uv.refuse_required_version(lock)
    for named in (f"demands uv {demanded}", str(uv.version), str(project), "uv_executable"):
        assert named in str(caught.value)


ARGUMENTS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["--no-dev"]),
    ({"no_dev": False}, []),
    ({"extras": ["web", "db"]}, ["--extra", "web", "--extra", "db", "--no-dev"]),
    ({"groups": ["dev"]}, ["--group", "dev"]),
    ({"only_groups": ["docs"], "no_dev": False}, ["--only-group", "docs"]),
    ({"all_extras": True, "all_groups": True, "no_dev": False}, ["--all-extras", "--all-groups"]),
    ({"no_default_groups": True}, ["--no-dev", "--no-default-groups"]),
    ({"package": "app", "all_packages": False}, ["--package", "app", "--no-dev"]),
    ({"all_packages": True, "no_dev": None}, ["--no-dev", "--all-packages"]),
    (
        {"no_install_local": True, "no_install_package": ["a"]},
        ["--no-emit-package", "a", "--no-dev", "--no-emit-local"],
    ),
    (
        {"no_install_project": True, "no_install_workspace": True, "frozen": True, "prune": False},
        ["--no-dev", "--no-emit-project", "--no-emit-workspace"],
    ),
]


@pytest.mark.parametrize(("options", "arguments"), ARGUMENTS)
def test_groups_in_uv_s_words(options: dict[str, Any], arguments: list[str]) -> None:
    assert Groups.parse(options).arguments() == arguments


def test_export(index: Index, uv: Uv, tmp_path: Path) -> None:
    make_wheel(index.folder, "alpha", "1.0")
    make_wheel(index.folder, "alpha", "2.0")
    make_wheel(index.folder, "beta", "1.0", requires=["alpha"])
    project = make_project(
        tmp_path / "project",
        index,
        dependencies=["beta", "alpha==1.0; python_version < '3.10'", "alpha==2.0; python_version >= '3.10'"],
        extra='[dependency-groups]\ndev = ["alpha"]\n',
    )
    index.stop()
    before = snapshot(project)
    exported = uv.export(Lockfile.read(project / "uv.lock"), Groups())
    assert sorted((str(each.name), str(each.version)) for each in exported.packages) == [
        ("alpha", "1.0"),
        ("alpha", "2.0"),
        ("beta", "1.0"),
    ]
    assert snapshot(project) == before


def test_export_without_what_no_environment_takes(tmp_path: Path) -> None:
    """Older versions of uv write it out, so the version of uv would be in a release's name."""
    entry = """[[packages]]
name = "{}"
version = "1.0"
marker = "{}"
wheels = [{{ url = "https://index.test/{}-1.0-py3-none-any.whl", hashes = {{ sha256 = "{}" }} }}]
"""
    markers = {"alpha": "os_name == 'posix'", "never": "python_full_version < '0'", "old": "python_version < '3'"}
    entries = [entry.format(name, marker, name, "0" * 64) for name, marker in markers.items()]
    text = 'lock-version = "1.0"\ncreated-by = "uv"\n' + "".join(entries)
    write_tree(tmp_path, {"export.toml": text})
    make_project(tmp_path / "project")
    write_tree(tmp_path / "project", {"uv.lock": 'version = 1\nrequires-python = ">=3.9"\n'})
    program = script(tmp_path, f'test "$1" = --version && echo uv 0.10.0 || cat {tmp_path}/export.toml')
    uv = Uv.find(str(program), run_command, clean_environment(tmp_path / "home"))
    exported = uv.export(Lockfile.read(tmp_path / "project" / "uv.lock"), Groups())
    assert [package.name for package in exported.packages] == ["alpha", "old"]


def test_export_of_a_lock_without_hashes_names_the_files(index: Index, uv: Uv, tmp_path: Path) -> None:
    index.hashes = False
    make_wheel(index.folder, "alpha")
    project = make_project(tmp_path / "project", index, dependencies=["alpha"])
    with pytest.raises(errors.HashMissing, match=r"alpha 1\.0: alpha-1\.0-py3-none-any\.whl"):
        uv.export(Lockfile.read(project / "uv.lock"), Groups())


def test_export_of_what_the_project_does_not_have(index: Index, uv: Uv, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", index)
    with pytest.raises(errors.CommandError, match="nonesuch"):
        uv.export(Lockfile.read(project / "uv.lock"), Groups(extras=("nonesuch",)))


def test_check_lock(index: Index, uv: Uv, tmp_path: Path) -> None:
    make_wheel(index.folder, "alpha", "1.0")
    project = make_project(tmp_path / "project", index, dependencies=["alpha"])
    before = snapshot(project)
    uv.check_lock(project, ANY)
    replace_in(project / "pyproject.toml", '"alpha"', '"alpha>=1"')
    with pytest.raises(errors.LockOutdated, match=rf"{project}/uv\.lock is out of date.*`uv lock`.*`frozen: true`"):
        uv.check_lock(project, ANY)
    replace_in(project / "pyproject.toml", '"alpha>=1"', '"alpha"')
    assert snapshot(project, times=False) == snapshot_without_times(before)


def snapshot_without_times(found: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {path: (facts[0], *facts[2:]) for path, facts in found.items()}


def test_a_check_that_cannot_be_made_says_why(index: Index, uv: Uv, tmp_path: Path) -> None:
    make_wheel(index.folder, "alpha", "1.0")
    project = make_project(tmp_path / "project", index, dependencies=["alpha"])
    replace_in(project / "pyproject.toml", '["alpha"]', '["alpha", "omega"]')
    index.stop()
    impatient = replace(uv, environ={**uv.environ, "UV_HTTP_RETRIES": "0"})
    with pytest.raises(errors.LockCheckImpossible, match=r"(?s)`frozen: true`.*/simple/.*[Cc]onnection refused"):
        impatient.check_lock(project, ANY)


def test_a_user_s_settings_do_not_lead_the_check_astray(index: Index, uv: Uv, tmp_path: Path) -> None:
    make_wheel(index.folder, "alpha", "1.0")
    project = make_project(tmp_path / "project", index, dependencies=["alpha"])
    settings = 'resolution = "lowest"\nexclude-newer = "2006-01-01"\nindex-url = "http://127.0.0.1:9/simple"\n'
    write_tree(tmp_path / "home" / ".config" / "uv", {"uv.toml": settings})
    uv.check_lock(project, ANY)


def test_a_python_that_nobody_has_makes_no_check(uv: Uv, tmp_path: Path) -> None:
    with pytest.raises(errors.LockCheckImpossible, match="`frozen: true`"):
        uv.check_lock(tmp_path, SpecifierSet("==3.99.*"))


def test_an_interpreter(uv: Uv) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    assert Path(uv.interpreter(version).path).exists()
    with pytest.raises(errors.InterpreterMissing, match=r"The controller has no Python 3\.99.*no_build.*extra_wheels"):
        uv.interpreter("3.99")


def test_commands_see_only_what_they_are_given(tmp_path: Path) -> None:
    seen: list[Mapping[str, str]] = []

    def runner(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        seen.append(env)
        return run_command(argv, cwd, env)

    uv = Uv.find(str(uv_executable()), runner, {"HOME": str(tmp_path)})
    uv.interpreter(".".join(map(str, sys.version_info[:2]))) if sys.executable.startswith("/usr") else None
    assert all(set(env) <= {"HOME"} for env in seen)
