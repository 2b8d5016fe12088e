# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, Pyproject
from ansible_collections.airgap.uv.tests.unit.support.projects import write_tree

PYPROJECT = '[project]\nname = "My_App"\nversion = "1.2"\nrequires-python = ">=3.9"\n'
LOCK = """\
version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "my-app"
version = "1.2"
source = { editable = "." }

[[package]]
name = "tools"
source = { editable = "packages/tools" }

[[package]]
name = "notes"
version = "0.1"
source = { virtual = "packages/notes" }

[[package]]
name = "alpha"
version = "1.0"
source = { registry = "https://index.test/simple" }
sdist = { url = "https://index.test/files/alpha-1.0.tar.gz", hash = "sha256:00" }
wheels = [
    { url = "https://index.test/files/alpha-1.0-py3-none-any.whl", hash = "sha256:01", size = 10 },
]
"""


def write(folder: Path, pyproject: str | None = PYPROJECT, lock: str | None = LOCK) -> Path:
    tree = {"pyproject.toml": pyproject, "uv.lock": lock}
    write_tree(folder, {name: text for name, text in tree.items() if text is not None})
    return folder / "uv.lock"


def test_what_a_lock_says(tmp_path: Path) -> None:
    lock = Lockfile.read(write(tmp_path))
    assert str(lock.requires_python) == ">=3.9"
    assert lock.default_index == "https://index.test/simple"
    assert lock.unhashed == ()
    assert [(each.name, each.version, each.folder, each.packaged) for each in lock.members] == [
        ("my-app", "1.2", ".", True),
        ("tools", None, "packages/tools", True),
        ("notes", "0.1", "packages/notes", False),
    ]
    assert lock.root == lock.members[0]
    assert lock.member("My.App") == lock.members[0]
    assert lock.member("alpha") is None
    assert lock.pyproject.name == "my-app"
    assert lock.pyproject.version == "1.2"


# what is broken, what the error is, and what it must name
BROKEN = [
    ({"lock": None}, errors.LockfileMissing, ["{folder}/uv.lock", "uv lock"]),
    ({"pyproject": None}, errors.ProjectMissing, ["{folder}/pyproject.toml"]),
    ({"lock": "version = 1\npackage = [\n"}, errors.FileInvalid, ["{folder}/uv.lock", "line"]),
    ({"lock": 'version = 1\nname = "a\n'}, errors.FileInvalid, ["{folder}/uv.lock", "line 2"]),
    ({"pyproject": "[project\n"}, errors.FileInvalid, ["{folder}/pyproject.toml", "line 1"]),
    ({"lock": LOCK.replace("version = 1\n", "version = 2\n", 1)}, errors.LockfileTooNew, ["uv.lock", "2"]),
    ({"lock": LOCK.replace("version = 1\n", "version = 0\n", 1)}, errors.LockfileTooNew, ["uv.lock", "0"]),
    ({"lock": LOCK.replace("version = 1\n", "", 1)}, errors.LockfileTooNew, ["uv.lock"]),
    ({"lock": 'version = 1\npackage = "all"\n'}, errors.FileInvalid, ["uv.lock", "package"]),
    ({"lock": "version = 1\npackage = [1]\n"}, errors.FileInvalid, ["uv.lock", "package"]),
    ({"lock": 'version = 1\nrequires-python = "yes"\n'}, errors.FileInvalid, ["uv.lock", "requires-python"]),
    ({"lock": "version = 1\n[[package]]\nversion = 1\n"}, errors.FileInvalid, ["uv.lock", "package[0]"]),
    (
        {"lock": 'version = 1\n[[package]]\nname = "a"\nsource = "pip"\n'},
        errors.FileInvalid,
        ["uv.lock", "package[0]"],
    ),
    ({"pyproject": "project = 1\n"}, errors.ProjectInvalid, ["pyproject.toml", "project"]),
    ({"pyproject": "tool = 1\n"}, errors.ProjectInvalid, ["pyproject.toml", "tool"]),
]


@pytest.mark.parametrize(("files", "kind", "named"), BROKEN)
def test_a_broken_project(
    files: dict[str, str | None], kind: type[errors.AirgapError], named: list[str], tmp_path: Path
) -> None:
    path = write(tmp_path, **files)
    with pytest.raises(kind) as caught:
        Lockfile.read(path)
    for each in named:
        assert each.format(folder=tmp_path) in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"version = 1\n# \xff\n")
    with pytest.raises(errors.FileInvalid, match=r"uv\.lock"):
        Lockfile.read(path)


@pytest.mark.parametrize("name", ["pylock.web.site.toml", "poetry.lock", "requirements.txt"])
def test_other_lock_formats_are_refused_by_name(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(errors.LockfileNotSupported, match=name):
        Lockfile.read(tmp_path / name)


UNHASHED = [
    (', hash = "sha256:01", size = 10 }', " }", ["alpha 1.0: alpha-1.0-py3-none-any.whl"]),
    (', hash = "sha256:00" }', " }", ["alpha 1.0: alpha-1.0.tar.gz"]),
    ('hash = "sha256:01"', 'hash = "md5:01"', ["alpha 1.0: alpha-1.0-py3-none-any.whl"]),
]


@pytest.mark.parametrize(("old", "new", "names"), UNHASHED)
def test_files_without_a_hash_are_named(old: str, new: str, names: list[str], tmp_path: Path) -> None:
    lock = Lockfile.read(write(tmp_path, lock=LOCK.replace(old, new)))
    assert list(lock.unhashed) == names


def test_the_default_index_is_the_projects_before_the_lock_s(tmp_path: Path) -> None:
    pyproject = PYPROJECT + (
        '[[tool.uv.index]]\nurl = "https://other.test/simple"\n'
        '[[tool.uv.index]]\nurl = "https://mirror.test/simple"\ndefault = true\n'
    )
    assert Lockfile.read(write(tmp_path, pyproject)).default_index == "https://mirror.test/simple"


HOUSE = """
[[package]]
name = "{name}"
version = "1.0"
source = {{ registry = "https://house.test/simple" }}
"""


@pytest.mark.parametrize("only", [False, True])
def test_an_index_of_the_house_is_the_default_where_there_is_no_other(only: bool, tmp_path: Path) -> None:
    pyproject = PYPROJECT + '[[tool.uv.index]]\nname = "house"\nurl = "https://house.test/simple/"\n'
    text = LOCK + "".join(HOUSE.format(name=name) for name in ("one", "two", "three"))
    if only:
        text = text.replace("https://index.test/simple", "../links")
    found = Lockfile.read(write(tmp_path, pyproject, text)).default_index
    assert found == ("https://house.test/simple" if only else "https://index.test/simple")


HISTORY = [
    ('dynamic = ["version"]', '"setuptools-scm>=8"', True),
    ('dynamic = ["version"]', '"hatch-vcs"', True),
    ('dynamic = ["version"]', '"uv-dynamic-versioning"', True),
    ('dynamic = ["version"]', '"setuptools"', False),
    ('dynamic = ["readme"]\nversion = "1"', '"hatch-vcs"', False),
    ('version = "1"', '"setuptools_scm[toml]"', False),
]


@pytest.mark.parametrize(("project", "requires", "from_history"), HISTORY)
def test_version_from_history(project: str, requires: str, from_history: bool, tmp_path: Path) -> None:
    text = f'[project]\nname = "app"\n{project}\n[build-system]\nrequires = [{requires}]\n'
    write(tmp_path, text)
    assert Pyproject.read(tmp_path).version_from_history is from_history


def test_the_files_that_a_lock_names_by_path(tmp_path: Path) -> None:
    """Those of a folder of wheels are among them; a copy of the project takes them all along."""
    text = (
        LOCK
        + """
[[package]]
name = "beta"
version = "1.0"
source = { path = "vendor/beta-1.0-py3-none-any.whl" }
wheels = [{ filename = "beta-1.0-py3-none-any.whl", hash = "sha256:02" }]

[[package]]
name = "gamma"
version = "1.0"
source = { registry = "../links" }
sdist = { path = "gamma-1.0.tar.gz" }
wheels = [{ path = "gamma-1.0-py3-none-any.whl" }]
"""
    )
    lock = Lockfile.read(write(tmp_path, lock=text, pyproject=PYPROJECT))
    assert lock.files == (
        "vendor/beta-1.0-py3-none-any.whl",
        "../links/gamma-1.0-py3-none-any.whl",
        "../links/gamma-1.0.tar.gz",
    )
