# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from uv's output, and what uv is told. The real uv runs in test_uv_sync."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.sync import Outcome, Sync, announced
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import OptionsUnknown, UvTooOld
from ansible_collections.airgap.uv.plugins.module_utils.sync_options import Options
from ansible_collections.airgap.uv.plugins.module_utils.venv import Change, Installed, Venv

DRY_RUN = """\
Would use project environment at: .venv
Resolved 6 packages in 7ms
Would download 1 package
Would uninstall 3 packages
Would install 4 packages
 - alpha==1.0
 + alpha==2.0+local.1
 - beta==1.5
 ~ gamma==3.0 (from file:///srv/gamma)
 - libx==0.2.0 (from file:///srv/libx)
 + libx @ file:///srv/libx
 + zope.interface==7!1.0rc1
 + unheard-of @ git+https://git.index.test/x@1234
"""
LOCK = '[[package]]\nname = "libx"\nversion = "0.2.0"\nsource = { editable = "libx" }\n'


def test_reads_uvs_list() -> None:
    assert announced(DRY_RUN, LOCK) == (
        Change("alpha", "2.0+local.1", "install", "1.0"),
        Change("beta", "1.5", "remove"),
        Change("gamma", "3.0", "reinstall"),
        Change("libx", "0.2.0", "reinstall"),
        Change("unheard-of", "unknown", "install"),
        Change("zope-interface", "7!1.0rc1", "install"),
    )


@pytest.mark.parametrize(
    "said",
    ["", "Resolved 6 packages in 7ms\n", "+ alpha==1.0\n", " + alpha\n", "warning: x\n  + alpha==1.0\n"],
)
def test_takes_nothing_else_for_a_change(said: str) -> None:
    assert announced(said, "") == ()


VENV = Path("/srv/shop/.venv")
HAD = Venv(VENV, (1, 1), "3.11.2", {"alpha": Installed("1.0"), "beta": Installed("1.5")})


@pytest.mark.parametrize(
    ("environment", "lock_changed", "changes", "changed"),
    [
        ("kept", False, (), False),
        ("kept", True, (), True),
        ("kept", False, (Change("alpha", "1.0", "reinstall"),), True),
        ("created", False, (), True),
        ("recreated", False, (), True),
    ],
)
def test_changed(environment: str, lock_changed: bool, changes: tuple[Change, ...], changed: bool) -> None:
    assert Outcome(HAD, environment, "3.11.2", changes, lock_changed).changed is changed


@pytest.mark.parametrize(
    ("before", "environment", "changes", "texts"),
    [
        (
            HAD,
            "kept",
            (Change("alpha", "2.0", "install", "1.0"), Change("beta", "1.5", "remove")),
            ("Python 3.11.2\nalpha==1.0\nbeta==1.5\n", "Python 3.11.2\nalpha==2.0\n"),
        ),
        (
            HAD,
            "recreated",
            (Change("alpha", "1.0", "install"),),
            ("Python 3.11.2\nalpha==1.0\nbeta==1.5\n", "Python 3.11.2\nalpha==1.0\n"),
        ),
        (
            Venv(VENV),
            "created",
            (Change("alpha", "1.0", "install"),),
            ("", "Python 3.11.2\nalpha==1.0\n"),
        ),
    ],
)
def test_diff(before: Venv, environment: str, changes: tuple[Change, ...], texts: tuple[str, str]) -> None:
    diff = Outcome(before, environment, "3.11.2", changes).diff
    assert (diff["before"], diff["after"]) == texts


class Uv:
    """Stands for a uv: notes what it is told, and answers with `said`."""

    def __init__(self, known: str = "--dry-run", said: str = "") -> None:
        self.known = known
        self.said = said
        self.commands: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []

    def __call__(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        if "--help" in argv:
            return 0, self.known, ""
        self.commands.append(argv)
        self.environments.append(env)
        return 0, "", self.said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that passes for a project with a lock."""
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_text("")
    (tmp_path / "wheels").mkdir()
    return tmp_path


def sync(
    project: Path, uv: Uv, version: str = "0.13.8", environ: Mapping[str, str] | None = None, **options: Any
) -> Sync:
    return Sync(Options.parse({"project": str(project), **options}), "/bin/uv", version, uv, environ or {})


def test_the_whole_command(project: Path) -> None:
    uv = Uv(known="--all-groups")
    options = {
        "python": "/usr/bin/python3",
        "locked": True,
        "find_links": ["wheels", "https://index.test/x"],
        "default_index": "corp=https://index.test/simple",
        "index": ["https://index.test/more"],
        "extras": ["a", "b"],
        "all_groups": True,
        "no_dev": True,
        "package": "shop",
        "no_install_package": ["big"],
        "inexact": True,
        "compile_bytecode": True,
        "link_mode": "copy",
        "cache_dir": "/var/cache/uv",
        "no_config": True,
    }
    sync(project, uv, **options).install()
    words = (
        "/bin/uv sync --locked --all-groups --no-dev --extra a --extra b --package shop --no-install-package big "
        "--no-config --find-links wheels --find-links https://index.test/x "
        "--default-index corp=https://index.test/simple --index https://index.test/more --compile-bytecode "
        "--link-mode copy --python /usr/bin/python3 --inexact --cache-dir /var/cache/uv --color never --no-progress"
    )
    assert uv.commands == [words.split()]


def test_check_mode_never_uses_a_cache(project: Path) -> None:
    uv = Uv()
    sync(project, uv, cache_dir="/var/cache/uv").preview(project / "temporary")
    assert "--cache-dir" not in uv.commands[0]
    assert uv.commands[0][-5:] == ["--dry-run", "--no-cache", "--color", "never", "--no-progress"]
    assert uv.environments[0]["TMPDIR"] == str(project / "temporary")


@pytest.mark.parametrize(
    ("options", "given", "got"),
    [
        ({}, {}, {"UV_PYTHON_DOWNLOADS": "never"}),
        ({}, {"UV_PYTHON_DOWNLOADS": "manual"}, {"UV_PYTHON_DOWNLOADS": "manual"}),
        ({"no_config": True}, {"UV_PYTHON_DOWNLOADS": "manual"}, {"UV_PYTHON_DOWNLOADS": "never"}),
        ({}, {"UV_INDEX": "x", "UV_PROJECT": "y"}, {"UV_INDEX": "x", "UV_PYTHON_DOWNLOADS": "never"}),
        ({"no_config": True}, {"UV_INDEX": "x", "NETRC": "n"}, {"NETRC": "n", "UV_PYTHON_DOWNLOADS": "never"}),
        ({"frozen": True}, {"UV_LOCKED": "1"}, {"UV_PYTHON_DOWNLOADS": "never"}),
    ],
)
def test_environment(project: Path, options: dict[str, Any], given: dict[str, str], got: dict[str, str]) -> None:
    uv = Uv()
    sync(project, uv, environ=given, **options).install()
    own = {"UV_PROJECT_ENVIRONMENT": str(project / ".venv"), "UV_NO_WRAP": "1"}
    assert uv.environments == [{**got, **own}]


def test_a_uv_that_is_too_old_is_not_asked_for_anything(project: Path) -> None:
    uv = Uv()
    with pytest.raises(UvTooOld, match=r"^/bin/uv is uv 0\.4\.30, but 0\.5\.0 or later is needed; update it\.$"):
        sync(project, uv, version="0.4.30").install()
    assert uv.commands == []
    assert not list(project.glob(".venv*"))


def test_options_that_this_uv_does_not_know(project: Path) -> None:
    uv = Uv(known="--all-groups")
    with pytest.raises(OptionsUnknown, match="does not know no_default_groups, no_install_local; use a later uv"):
        sync(project, uv, all_groups=True, no_default_groups=True, no_install_local=True).install()
    assert uv.commands == []
