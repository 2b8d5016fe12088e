# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of `uv_sync` as arguments for uv's commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.environ import clean
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import (
    FindLinksMissing,
    GroupsContradict,
    NotAVenv,
    ProjectIncomplete,
)

# Module options that are flags of uv's, or that take a value, by what they are about.
_SELECTION_FLAGS = (
    "all_extras",
    "all_groups",
    "no_dev",
    "no_default_groups",
    "all_packages",
    "no_install_project",
    "no_install_workspace",
    "no_install_local",
)
_SELECTION_VALUES = {
    "extras": "--extra",
    "groups": "--group",
    "only_groups": "--only-group",
    "package": "--package",
    "no_install_package": "--no-install-package",
}
# `uv export` says "emit" where `uv sync` says "install".
_EXPORT_WORDS = {
    "--no-install-project": "--no-emit-project",
    "--no-install-workspace": "--no-emit-workspace",
    "--no-install-local": "--no-emit-local",
    "--no-install-package": "--no-emit-package",
}
# uv 0.5.0 has all others.
_LATER = {
    "--all-groups": "all_groups",
    "--no-default-groups": "no_default_groups",
    "--no-install-local": "no_install_local",
}
# They would send uv to another project than the one that is named, or make its output unreadable.
_CONTRARY = ("UV_PROJECT", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY", "RUST_LOG")


@dataclass(frozen=True)
class Options:
    """`selection` says what is installed, `sources` from where, `installation` how."""

    project: Path
    venv: Path
    python: str | None
    lock: tuple[str, ...]
    selection: tuple[str, ...]
    sources: tuple[str, ...]
    installation: tuple[str, ...]
    cache: tuple[str, ...]
    inexact: bool
    no_cache: bool
    no_config: bool

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Options:
        """Take the module's parameters; refuse what cannot work before anything is started.

        Raises `ProjectIncomplete`, `FindLinksMissing`, `GroupsContradict` or `NotAVenv`.
        """
        project = Path(raw["project"]).resolve()
        venv = Path(os.path.normpath(project / (raw.get("venv") or ".venv")))
        options = cls(
            project=project,
            venv=venv,
            python=raw.get("python"),
            lock=_flags(raw, "locked", "frozen"),
            selection=_selection(raw),
            sources=_sources(raw),
            installation=_installation(raw),
            cache=_cache(raw),
            inexact=bool(raw.get("inexact")),
            no_cache=bool(raw.get("no_cache")),
            no_config=bool(raw.get("no_config")),
        )
        _check_project(options)
        _check_find_links(project, raw.get("find_links") or [])
        _check_groups(raw)
        if venv == project or venv in project.parents:
            raise NotAVenv(str(venv), "the project itself lies in it")
        return options

    @property
    def later(self) -> dict[str, str]:
        """The flags that not every uv knows, with the module's option for each."""
        return {flag: option for flag, option in _LATER.items() if flag in self.selection}

    @property
    def _python(self) -> list[str]:
        return ["--python", self.python] if self.python else []

    def sync(self, reinstall: bool) -> list[str]:
        """Arguments for `uv sync`, those about the cache aside."""
        again = ["--reinstall"] if reinstall else []
        found = [*self.lock, *self.selection, *self.sources, *self.installation, *self._python]
        return ["sync", *found, *(["--inexact"] if self.inexact else []), *again]

    def check_lock(self) -> list[str]:
        """Arguments for `uv lock` that write nothing and fail where the lock is out of date."""
        return ["lock", "--locked", *self.sources, *self._python]

    def export(self) -> list[str]:
        """Arguments for `uv export` that print what `uv sync` would install."""
        selection = [_EXPORT_WORDS.get(word, word) for word in self.selection]
        return ["export", *(self.lock or ("--frozen",)), *selection, *self.sources, *self._python]

    def tree(self) -> list[str]:
        """Arguments for `uv tree`, which names the interpreter that `uv sync --frozen` would take."""
        return ["tree", "--frozen", *self.sources, *self._python]

    def nested(self) -> list[str]:
        """Arguments for the folders in `find_links` that hold wheels: a lock names those, `uv pip` looks no deeper."""
        folders = [self.project / word for word in self.sources if word[0] != "-" and "://" not in word]
        wheels = [wheel.parent for folder in folders if folder.is_dir() for wheel in sorted(folder.glob("*/*.whl"))]
        return [word for folder in dict.fromkeys(wheels) for word in ("--find-links", str(folder))]

    def environment(self, environ: Mapping[str, str], temporary: Path | None) -> dict[str, str]:
        """Return the variables that uv gets. Hosts are offline, so it looks for no Python to download."""
        found = clean(environ) if self.no_config else dict(environ)
        for name in _CONTRARY:
            found.pop(name, None)
        if self.lock:  # uv refuses the one beside the other
            found.pop("UV_LOCKED", None)
            found.pop("UV_FROZEN", None)
        found.setdefault("UV_PYTHON_DOWNLOADS", "never")
        found.update(UV_PROJECT_ENVIRONMENT=str(self.venv), UV_NO_WRAP="1")
        if temporary:
            found["TMPDIR"] = str(temporary)
        return found


def _flags(raw: Mapping[str, Any], *options: str) -> tuple[str, ...]:
    return tuple("--" + option.replace("_", "-") for option in options if raw.get(option))


def _values(flag: str, given: Any) -> list[str]:
    values = given if isinstance(given, list) else [given] if given else []
    return [word for value in values for word in (flag, value)]


def _selection(raw: Mapping[str, Any]) -> tuple[str, ...]:
    named = [word for option, flag in _SELECTION_VALUES.items() for word in _values(flag, raw.get(option))]
    return (*_flags(raw, *_SELECTION_FLAGS), *named)


def _sources(raw: Mapping[str, Any]) -> tuple[str, ...]:
    # As they are given: the lock names its source in the same words.
    return (
        *_flags(raw, "no_config", "no_index"),
        *_values("--find-links", raw.get("find_links")),
        *_values("--default-index", raw.get("default_index")),
        *_values("--index", raw.get("index")),
    )


def _installation(raw: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_flags(raw, "compile_bytecode"), *_values("--link-mode", raw.get("link_mode")))


def _cache(raw: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_flags(raw, "no_cache"), *_values("--cache-dir", raw.get("cache_dir")))


def _check_project(options: Options) -> None:
    project = options.project
    if not project.is_dir():
        raise ProjectIncomplete(
            str(project.parent), f"folder {project.name}", "transfer the project or correct its path"
        )
    if not (project / "pyproject.toml").is_file():
        raise ProjectIncomplete(str(project), "pyproject.toml", "transfer the project or correct its path")
    lock = options.lock
    if lock and not _workspace_lock(project):
        raise ProjectIncomplete(str(project), "uv.lock", f"transfer it, or leave {lock[0][2:]} out to make one")


def _workspace_lock(project: Path) -> bool:
    """A member's lock lies in the workspace's root, which only uv can tell from any other folder above."""
    return any((folder / "uv.lock").is_file() for folder in (project, *project.parents))


def _check_find_links(project: Path, find_links: list[str]) -> None:
    for entry in find_links:
        if "://" not in entry and not (project / entry).exists():
            raise FindLinksMissing(os.path.normpath(project / entry))


def _check_groups(raw: Mapping[str, Any]) -> None:
    """uv would leave the group out without a word."""
    for option in ("groups", "only_groups"):
        if raw.get("no_dev") and "dev" in (raw.get(option) or []):
            raise GroupsContradict(option)
