# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong when uv installs a project on a host, one class a kind.

They stand apart from `errors` because nothing but `uv_sync` raises them, and every
module_util that a module names travels to the host.
"""

from __future__ import annotations

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError


class UvMissing(AirgapError):
    def __init__(self, searched: list[str]) -> None:
        super().__init__(searched)
        self.searched = searched

    def __str__(self) -> str:
        return f"uv was not found (searched: {', '.join(self.searched)}); install it or set uv_executable."


class UvTooOld(AirgapError):
    def __init__(self, uv_executable: str, uv_version: str, minimum: str) -> None:
        super().__init__(uv_executable, uv_version, minimum)
        self.uv_executable = uv_executable
        self.uv_version = uv_version
        self.minimum = minimum

    def __str__(self) -> str:
        return f"{self.uv_executable} is uv {self.uv_version}, but {self.minimum} or later is needed; update it."


class OptionsUnknown(AirgapError):
    """`options` are module options that this uv cannot honour."""

    def __init__(self, uv_version: str, options: list[str]) -> None:
        super().__init__(uv_version, options)
        self.uv_version = uv_version
        self.options = options

    def __str__(self) -> str:
        return f"uv {self.uv_version} does not know {', '.join(self.options)}; use a later uv or leave that out."


class CheckImpossible(AirgapError):
    def __init__(self, uv_version: str, project: str) -> None:
        super().__init__(uv_version, project)
        self.uv_version = uv_version
        self.project = project

    def __str__(self) -> str:
        return (
            f"{self.project} has no uv.lock that is up to date, and uv {self.uv_version} cannot tell in check mode "
            "what a new one would install; set locked or frozen, or use a later uv."
        )


class GroupsContradict(AirgapError):
    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option

    def __str__(self) -> str:
        return f"{self.option} names the group dev, but no_dev is true (its default); set no_dev to false."


class ProjectIncomplete(AirgapError):
    """`missing` is the file or folder that is not there, `remedy` what brings it."""

    def __init__(self, project: str, missing: str, remedy: str) -> None:
        super().__init__(project, missing, remedy)
        self.project = project
        self.missing = missing
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.project} has no {self.missing}; {self.remedy}."


class FindLinksMissing(AirgapError):
    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"find_links names {self.folder}, which is not there; transfer the wheels or correct the path."


class NotAVenv(AirgapError):
    def __init__(self, venv: str, reason: str) -> None:
        super().__init__(venv, reason)
        self.venv = venv
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.venv} is not a virtual environment ({self.reason}) and is left alone; "
            "move it away or set venv to another path."
        )


class Busy(AirgapError):
    def __init__(self, venv: str) -> None:
        super().__init__(venv)
        self.venv = venv

    def __str__(self) -> str:
        return f"Another run is installing into {self.venv}; wait until it has ended."


class Unwritable(AirgapError):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} cannot be written: {self.reason}; make room, or run the task as a user who may."


class LockOutdated(AirgapError):
    def __init__(self, project: str) -> None:
        super().__init__(project)
        self.project = project

    def __str__(self) -> str:
        return (
            f"The uv.lock in {self.project} does not fit its pyproject.toml and the options of this task; "
            "run `uv lock` where the project is developed and deploy both files together."
        )


class LockUnreadable(AirgapError):
    def __init__(self, project: str, reason: str) -> None:
        super().__init__(project, reason)
        self.project = project
        self.reason = reason

    def __str__(self) -> str:
        return f"uv cannot read the files in {self.project}: {self.reason}; correct them or use another uv."


class WheelsChanged(AirgapError):
    """Each of `wheels` is a file's `path`, the `expected` sha256 of uv.lock and the `computed` one."""

    def __init__(self, wheels: list[dict[str, str]]) -> None:
        super().__init__(wheels)
        self.wheels = wheels

    def __str__(self) -> str:
        wheels = "; ".join(
            f"{wheel['path']} was changed after the transfer (uv.lock names sha256:{wheel['expected']}, the file "
            f"has sha256:{wheel['computed']})"
            for wheel in self.wheels
        )
        return f"{wheels}. Nothing was installed. Transfer it again, and find out who changed it."


class FetchedWrong(AirgapError):
    """What an index served is not what the lock names."""

    def __init__(self, package: str, expected: str, computed: str) -> None:
        super().__init__(package, expected, computed)
        self.package = package
        self.expected = expected
        self.computed = computed

    def __str__(self) -> str:
        return (
            f"{self.package}: uv.lock names {self.expected}, but what was fetched has {self.computed}. "
            "Nothing was installed. Find out who changed it on the index."
        )


class NotFetched(AirgapError):
    """A file of an index that did not come. `status` is the server's answer (`401 Unauthorized`), if it gave one."""

    def __init__(self, package: str, url: str, status: str, reason: str) -> None:
        super().__init__(package, url, status, reason)
        self.package = package
        self.url = url
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        if self.status[:3] in ("401", "403"):
            remedy = (
                "Give the user and password for this index on the host, in netrc or in the variables "
                "UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD of the task, with its name in pyproject.toml"
            )
        elif self.status:
            remedy = "The index no longer has it, or this host is shown another; lock again, or bring the wheel along"
        else:
            remedy = "Let the host reach the index, or bring the wheels along (ship: all, uv_deploy_ship in the role)"
        return f"{self.package}: this host could not fetch {self.url} ({self.reason}). Nothing was installed. {remedy}."


class WheelMissing(AirgapError):
    def __init__(self, package: str, wheel: str) -> None:
        super().__init__(package, wheel)
        self.package = package
        self.wheel = wheel

    def __str__(self) -> str:
        return f"{self.package}: this host takes {self.wheel}, which is not there; collect it and transfer it."


class NoWheelForPlatform(AirgapError):
    def __init__(self, package: str, hint: str) -> None:
        super().__init__(package, hint)
        self.package = package
        self.hint = hint

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return (
            f"{self.package}: uv.lock names no wheel for this host's Python and platform{hint}; "
            "collect one for it as a target, or use another Python."
        )


class PythonNotFound(AirgapError):
    def __init__(self, python: str | None, said: str) -> None:
        super().__init__(python, said)
        self.python = python
        self.said = said

    def __str__(self) -> str:
        wanted = self.python or "that fits the project"
        return f"No Python {wanted} on this host: {self.said}; install it, or set python to a path."


class PythonUnfit(AirgapError):
    def __init__(self, project: str, said: str) -> None:
        super().__init__(project, said)
        self.project = project
        self.said = said

    def __str__(self) -> str:
        return f"{self.project} cannot run on this Python: {self.said}; set python to one that fits."


class UvVersionRefused(AirgapError):
    def __init__(self, project: str, said: str) -> None:
        super().__init__(project, said)
        self.project = project
        self.said = said

    def __str__(self) -> str:
        return f"{self.project} demands another uv: {self.said}; set uv_executable to one that fits."
