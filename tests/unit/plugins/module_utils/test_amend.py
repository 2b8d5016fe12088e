# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.amend import (
    SourceMissing,
    SourceUnusual,
    amend,
    amended,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import tomli

MORE = ['numpy==1.26.4; python_version < "3.13"', "cython"]
LEGACY = "setuptools.build_meta:__legacy__"

# The text, then what it requires itself (`legacy` where it names none).
TEXTS = [
    ('[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n', ["hatchling"]),
    ("[build-system]\nrequires=[]\n", []),
    (
        '[project]\nname = "a"\n\n[build-system] # how\nrequires = [\n  "a", # one\n  "b",\n]\n'
        '[tool.x]\nrequires = ["no"]\n',
        ["a", "b"],
    ),
    ('[tool.x]\nrequires = ["no"]\n[ "build-system" ]\nbuild-backend = "b"\n"requires" = ["a"]\n', ["a"]),
    ('build-system.requires = ["a"]\nbuild-system.build-backend = "b"\n[project]\nname = "x"\n', ["a"]),
    ('[project]\ndescription = """\n[build-system]\nrequires = ["no"]\n"""\n[build-system]\nrequires = ["a"]\n', ["a"]),
    ("[project]\nreadme = '''\n[build-system]\n'''\n# [build-system]\n", None),
    ('[project]\nname = "a"', None),
    ("", None),
    ('[build-system]\r\nrequires = ["a"]\r\n', ["a"]),
]


@pytest.mark.parametrize(("text", "own"), TEXTS)
def test_requirements_are_added(text: str, own: list[str] | None) -> None:
    before, after = tomli.loads(text), tomli.loads(amended(text, MORE))
    table = after.pop("build-system")
    assert sorted(table.pop("requires")) == sorted([*MORE, *(own if own is not None else ["setuptools >= 40.8.0"])])
    theirs = before.pop("build-system", None)
    if theirs is None:
        assert table == {"build-backend": LEGACY}
    else:
        theirs.pop("requires")
        assert table == theirs
    assert after == before


UNUSUAL = [
    '[build-system]\nbuild-backend = "b"\n',
    'build-system = { requires = ["a"] }\n',
    '[build-system]\n[build-system.more]\nrequires = ["no"]\n',
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_what_is_not_understood_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnusual, match=r"pyproject.toml: \[build-system\] of it has no"):
        amend(tmp_path, MORE)
    assert path.read_text(encoding="utf-8") == text


def test_a_source_of_setup_py_alone(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    amend(tmp_path, [])
    assert not (tmp_path / "pyproject.toml").exists()
    amend(tmp_path, MORE)
    found = tomli.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))
    assert found == {"build-system": {"requires": ["setuptools >= 40.8.0", *MORE], "build-backend": LEGACY}}


def test_what_tells_nothing_of_its_build_becomes_no_empty_package(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("/nowhere/pyproject.toml")
    with pytest.raises(SourceMissing, match=r"neither pyproject.toml nor setup.py, or only as a link"):
        amend(tmp_path, MORE)
