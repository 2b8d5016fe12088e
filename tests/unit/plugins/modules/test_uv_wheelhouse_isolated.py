# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one build does to itself stays with it, and what it gives is what the lock names."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import cell
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import lock, replace_in, write_tree
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit
from ansible_collections.airgap.uv.tests.unit.support.sdists import backend, fails, make_sdist, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

# What it is built with can be seen in the wheel, and is another afterwards.
SPOILS = """
import helper
with open('{}/made.py', 'w') as file: file.write(helper.__version__)
with open(helper.__file__, 'a') as file: file.write("__version__ = 'spoilt'")
"""


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    return Collect(tmp_path, index)


def test_no_build_changes_what_another_is_made_with(collect: Collect) -> None:
    """uv links what it installs, so that a change of it would be one of its cache."""
    make_wheel(collect.index.folder, "helper", "1.5")
    for name in ("delta", "epsilon"):
        make_sdist(collect.index.folder, name, build_requires=["helper"], prelude=SPOILS.format(name))
    collect.make("delta", "epsilon")
    result = collect.succeed(build_cache="", build_jobs=1)
    found = {}
    for wheel in result["wheels"]:
        with zipfile.ZipFile(collect.wheelhouse / wheel["path"]) as archive:
            found[wheel["name"]] = archive.read(f"{wheel['name']}/made.py").decode()
    # The backend is imported twice for one wheel, by processes of one build.
    assert found["delta"] == found["epsilon"]
    assert "spoilt" not in str(list(_texts(collect.wheelhouse / ".cache")))


def _texts(folder: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.rglob("helper/__init__.py")]


def test_a_link_in_place_of_a_wheel(collect: Collect) -> None:
    """What it leads to keeps its mode, and the wheelhouse has no link."""
    theirs = make_wheel(collect.folder / "theirs", "delta")
    theirs.chmod(0o600)
    backend = (
        "import os\n\ndef build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        f"    os.symlink({str(theirs)!r}, os.path.join(folder, {theirs.name!r}))\n    return {theirs.name!r}\n"
    )
    make_sdist(collect.index.folder, "delta", files={"backend.py": backend})
    collect.make("delta")
    result = collect(build_cache="")
    assert result.failed
    assert "delta-1.0-py3-none-any.whl, which was not taken: it is no file" in result.msg
    assert theirs.stat().st_mode & 0o777 == 0o600
    assert collect.files == []


def test_a_build_that_prints_its_environment(collect: Collect) -> None:
    """It sees no password of an index but its own, and Ansible shows none."""
    prints = "sys.exit(repr([pair for pair in os.environ.items() if pair[0].startswith(('UV_INDEX', 'UV_GIT'))]))"
    make_sdist(collect.index.folder, "delta", prelude=prints)
    collect.make("delta")
    environment = {
        "UV_INDEX_MINE_USERNAME": "me",
        "UV_INDEX_MINE_PASSWORD": "s3cret-mine",
        "UV_INDEX_OTHER_PASSWORD": "s3cret-other",
        "UV_GITHUB_TOKEN": "s3cret-token",
    }
    # Its own index, by another name.
    replace_in(collect.project / "pyproject.toml", "[[tool.uv.index]]", '[[tool.uv.index]]\nname = "mine"')
    lock(collect.project, environ={**os.environ, **environment})
    result = collect(build_cache="", environment=environment)
    assert result.failed
    assert "UV_INDEX_MINE_PASSWORD" in result.msg
    assert "UV_INDEX_OTHER_PASSWORD" not in result.output
    assert "UV_GITHUB_TOKEN" not in result.output
    assert "s3cret" not in result.output


@pytest.mark.parametrize("project", [True, False])
def test_a_local_package_has_the_version_of_the_lock(project: bool, collect: Collect) -> None:
    name = "app" if project else "library"
    tree = source_tree(name, "0.1.0")
    tree["backend.py"] = tree["backend.py"].replace("    return name, version", "    return name, '9.9'")
    if project:
        tree["pyproject.toml"] += f'\n[[tool.uv.index]]\nurl = "{collect.index.url}"\ndefault = true\n'
        write_tree(collect.project, tree)
        lock(collect.project)
    else:
        write_tree(collect.folder / "library", tree)
        collect.make("library", extra='\n[tool.uv.sources]\nlibrary = { path = "../library" }\n')
    result = collect(build_cache="")
    assert result.failed
    assert f"{name}-9.9-py3-none-any.whl, which was not taken: its version is 9.9, the lock says 0.1.0" in result.msg


def test_a_source_that_cannot_be_amended_is_named_with_the_others(collect: Collect) -> None:
    text = source_tree("delta")["pyproject.toml"].partition("\n[build-system]")[0]
    inline = f'build-system = {{ requires = [], build-backend = "backend", backend-path = ["."] }}\n{text}\n'
    make_sdist(collect.index.folder, "delta", files={"pyproject.toml": inline})
    make_sdist(collect.index.folder, "epsilon", prelude=fails())
    collect.make("delta", "epsilon")
    result = collect(build_cache="", build_settings={"delta": {"requires": ["helper"]}})
    assert [obstacle["package"] for obstacle in result["obstacles"]] == ["delta 1.0", "epsilon 1.0"]
    assert "No build requirement can be added to pyproject.toml" in result.msg
    assert "frobnicate.h" in result.msg


@pytest.fixture
def dynamic(collect: Collect) -> Collect:
    """uv runs the project's own code to know what it needs, when it checks the lock."""
    tree = source_tree("app", "0.1.0")
    text = tree["pyproject.toml"].replace('version = "0.1.0"', 'dynamic = ["version", "dependencies"]')
    tree["pyproject.toml"] = text.replace("dependencies = []\n", "")
    tree["pyproject.toml"] += f'\n[[tool.uv.index]]\nurl = "{collect.index.url}"\ndefault = true\n'
    write_tree(collect.project, {**tree, "VERSION": "4.5.6\n"})
    lock(collect.project)
    shutil.rmtree(collect.project / "build")
    return collect


@pytest.mark.skipif(not cell.landlock(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("check", [False, True])
def test_the_check_of_a_lock_writes_nowhere_else(check: bool, dynamic: Collect) -> None:
    mark = dynamic.folder / "mark"
    write_tree(dynamic.project, {"backend.py": backend(f"open({str(mark)!r}, 'w').close()")})
    result = dynamic(build_cache="", check=check)
    assert result.failed
    assert str(dynamic.project / "uv.lock") in result.msg
    assert not mark.exists()


def test_the_check_of_a_lock_sees_what_a_build_sees(dynamic: Collect) -> None:
    write_tree(dynamic.project, {"backend.py": backend("if 'SECRET' in os.environ: sys.exit('it sees a secret')")})
    dynamic.succeed(build_cache="", environment={"SECRET": "x"})


def test_the_check_of_a_lock_ends(dynamic: Collect) -> None:
    write_tree(dynamic.project, {"backend.py": backend("time.sleep(100)")})
    result = dynamic(build_cache="", build_timeout=3)
    assert result.failed
    assert "it took longer than 3 seconds (build_timeout)" in result.msg


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_a_lock_that_git_ignores(collect: Collect) -> None:
    """As libraries do; a dynamic version has it checked in a clean copy."""
    tree = source_tree("app", "0.1.0")
    tree["pyproject.toml"] = tree["pyproject.toml"].replace('version = "0.1.0"', 'dynamic = ["version"]')
    tree["pyproject.toml"] += f'\n[[tool.uv.index]]\nurl = "{collect.index.url}"\ndefault = true\n'
    commit(collect.project, {**tree, "VERSION": "4.5.6\n", ".gitignore": "uv.lock\nbuild/\n"})
    lock(collect.project)
    result = collect.succeed()
    assert {wheel["name"]: wheel["version"] for wheel in result["wheels"]} == {"app": "4.5.6"}
