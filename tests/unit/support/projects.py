# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small projects with a lock that uv itself wrote against an index on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.sdists import source_tree


def uv_executable() -> Path:
    """The uv of the environment that runs the tests, or the one on PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise FileNotFoundError("the tests need uv, beside the Python that runs them or on PATH")
    return Path(found)


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without anything that steers uv or pip; caches lie in `home`.

    Proxies go too: the index is on loopback, and nothing else may be reached.
    """
    dropped = ("UV_", "PIP_", "REQUESTS_", "CURL_", "SSL_", "XDG_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped)
        and not name.lower().endswith("_proxy")
        and name not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    home.mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "UV_PYTHON_DOWNLOADS": "never", "LC_ALL": "C.UTF-8", **more}


def write_tree(folder: Path, tree: Mapping[str, str]) -> Path:
    """Write files by their relative path; return `folder`."""
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def make_project(
    folder: Path,
    index: Index | None = None,
    *,
    name: str = "app",
    version: str = "0.1.0",
    dependencies: Iterable[str] = (),
    packaged: bool = False,
    requires_python: str = ">=3.9",
    build_requires: Iterable[str] = (),
    prelude: str = "",
    extra: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a project and, with an `index`, lock it there.

    `packaged` gives it a build system (`prelude` as in `sdists.source_tree`); `extra` is
    appended to `pyproject.toml`, say a `[dependency-groups]` table.
    """
    if packaged:
        tree = source_tree(
            name,
            version,
            requires=dependencies,
            build_requires=build_requires,
            requires_python=requires_python,
            prelude=prelude,
        )
    else:
        listed = ", ".join('"' + each.replace('"', "'") + '"' for each in dependencies)
        tree = {
            "pyproject.toml": (
                f'[project]\nname = "{name}"\nversion = "{version}"\n'
                f'requires-python = "{requires_python}"\ndependencies = [{listed}]\n'
            ),
            "main.py": f"print('{name}')\n",
        }
    tree["pyproject.toml"] += extra
    if index:
        tree["pyproject.toml"] += f'\n[[tool.uv.index]]\nurl = "{index.url}"\ndefault = true\n'
    write_tree(folder, {**tree, **(files or {})})
    if index:
        lock(folder)
    return folder


def lock(project: Path, *options: str, environ: Mapping[str, str] | None = None) -> Path:
    """Run `uv lock` in the project, with a cache of its own; return the lock's path. `environ` is added to uv's."""
    home = project.parent / f".{project.name}-home"
    command = [str(uv_executable()), "lock", "--python", sys.executable, *options]
    environment = {**clean_environment(home), **(environ or {})}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(home, ignore_errors=True)
    if done.returncode:
        raise RuntimeError(f"uv lock failed:\n{done.stderr}")
    return project / "uv.lock"


def replace_in(path: Path, old: str, new: str, count: int = -1) -> None:
    """Replace text in a file that must hold it."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path} does not hold {old!r}")
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def run_command(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """A `Runner` as the utils take it: return code, standard output, standard error."""
    done = subprocess.run(argv, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
