# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module's options name, made absolute, and refused where it cannot be meant."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    FoldersOverlap,
    FolderUnusable,
    OptionInvalid,
    WheelhouseInside,
)
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import CACHE


def lock_path(params: Mapping[str, Any]) -> Path:
    """The lock that `project` or `lockfile` names."""
    if params.get("lockfile"):
        return Path(params["lockfile"]).resolve()
    return Path(params["project"]).resolve() / "uv.lock"


def absolute(params: Mapping[str, Any]) -> dict[str, str]:
    """The options that uv gets, for it runs in other folders than this module; a mere name stays one."""
    named = {option: params.get(option) or "" for option in ("ca_bundle", "build_constraints", "uv_executable")}
    given = {option: path for option, path in named.items() if "/" in path or Path(path).is_file()}
    if params.get("lock_builds") and named["build_constraints"]:
        given["build_constraints"] = named["build_constraints"]
    return {option: str(Path(path).absolute()) for option, path in given.items()}


def urls(params: Mapping[str, Any]) -> dict[str, str]:
    """The URLs that options name, with whatever credentials, and the option of each."""
    named = ("mirrors", "ship_from")
    found = {str(value): option for option in named for value in (params.get(option) or {}).values()}
    return {**found, **({params["build_index"]: "build_index"} if params.get("build_index") else {})}


def build_index(params: Mapping[str, Any], lock: Lockfile, mirrors: Mirrors) -> str | None:
    """What build requirements and uv's own wheel come from: a URL or a folder; None for uv's own default."""
    asked = params.get("build_index") or lock.default_index
    return str(mirrors.index(asked) or asked) if asked else None


def refuse_unusable(params: Mapping[str, Any]) -> None:
    """Refuse values that would only fail later, in words that name no option."""
    for option in ("timeout", "build_timeout"):
        if params[option] <= 0:
            raise OptionInvalid(option, str(params[option]), "give seconds, more than 0")
    if params["build_jobs"] is not None and params["build_jobs"] < 1:
        raise OptionInvalid("build_jobs", str(params["build_jobs"]), "give a number, 1 or more")
    _refuse_unlockable(params)
    for option in ("ca_bundle", *(() if params["lock_builds"] else ("build_constraints",))):
        if params.get(option) and not Path(params[option]).is_file():
            raise OptionInvalid(option, params[option], "there is no such file")
    for variable in () if params.get("ca_bundle") else ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        path = os.environ.get(variable)
        if path and not Path(path).exists():
            raise OptionInvalid(f"The environment variable {variable}", path, "there is no such file")


def _refuse_unlockable(params: Mapping[str, Any]) -> None:
    if not params["lock_builds"]:
        return
    path = params.get("build_constraints")
    if not path:
        raise OptionInvalid("lock_builds", "true", "build_constraints does not say which file it is to write")
    if params["build"] != "here":
        raise OptionInvalid("lock_builds", "true", "what is built elsewhere (build: defer) tells nothing here")
    if Path(path).exists() and not Path(path).is_file():
        raise OptionInvalid("build_constraints", path, "it is no file")
    refuse_unwritable(Path(path).parent)


def refuse_stranger(package: str | None, lock: Lockfile) -> None:
    """`package` names a member of the lock's workspace."""
    if package and lock.member(package) is None:
        known = ", ".join(member.name for member in lock.members) or "none"
        raise OptionInvalid("package", package, f"the lock has no such member; it has {known}")


def refuse_overlap(wheelhouse: Path, stage: Path) -> None:
    """The staged project's folder is replaced as a whole; only the wheelhouse's cache may hold it."""
    if wheelhouse == stage or (wheelhouse in stage.parents and CACHE not in stage.relative_to(wheelhouse).parts[:1]):
        raise FoldersOverlap(str(wheelhouse), str(stage))
    if stage in wheelhouse.parents:
        raise FoldersOverlap(str(wheelhouse), str(stage))


def refuse_unwritable(path: Path) -> None:
    """Asked beforehand, so that check mode says what the real run would."""
    above = next(parent for parent in (path, *path.parents) if parent.exists())
    if not above.is_dir():
        raise FolderUnusable(str(above), os.strerror(errno.ENOTDIR))
    if not os.access(above, os.W_OK):
        raise FolderUnusable(str(above), os.strerror(errno.EACCES))


def refuse_inside(path: Path, project: Path) -> None:
    """The project's folder is never written to."""
    if path == project or project in path.parents:
        raise WheelhouseInside(str(path), str(project))
