# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a collect is served with: indexes, uv, and all that builds need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import controller, options
from ansible_collections.airgap.uv.plugins.module_utils.build import Build
from ansible_collections.airgap.uv.plugins.module_utils.builder import Builder
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    CommandError,
    CredentialsRefused,
)
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact, Fetcher, Http
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.mirrored import Home, Mirrored, homes
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pins
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.progress import counted
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.request import Request
from ansible_collections.airgap.uv.plugins.module_utils.requirements import Pinned, Requirements
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice, Selection, select
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tool import tool_lock
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Workshop


@dataclass
class Supplies:
    """`homes`: of the files that the locks name. `pins`: of build requirements, others once they were made anew."""

    request: Request
    wheelhouse: Wheelhouse
    pins: Pins
    homes: dict[str, Home]

    @property
    def params(self) -> Mapping[str, Any]:
        return self.request.params

    def http(self) -> Http:
        return Http(self.params["timeout"], self.params.get("ca_bundle"), self.request.accounts)

    def shown_index(self) -> str | None:
        """For builders; they have credentials of their own. A folder of this machine is none to them."""
        index = options.build_index(self.params, self.request.lock, self.request.mirrors)
        return without_credentials(index) if index and "://" in index else None

    def index(self) -> str | None:
        """Where build requirements come from, as uv takes it."""
        index = options.build_index(self.params, self.request.lock, self.request.mirrors)
        return self.request.accounts.argument(index) if index else None

    def _workshop(self) -> Workshop:
        uv = self.request.uv
        return Workshop(uv.path, self.request.confine, self.params["build_timeout"], self.index(), uv.environ)

    def builder(self, machine: str, home: Callable[[], str | None], choices: Sequence[Choice]) -> Builder:
        return Builder(
            self.request.uv,
            self._workshop(),
            self._recipes(choices),
            self.wheelhouse,
            machine,
            home=home,
            pinned=self.requirements(),
            barred=self.request.accounts.told_by_uv,
            # Not the mirror, which gives the same.
            index=without_credentials(self.params.get("build_index") or self.request.lock.default_index or ""),
            shared=self.request.shared,
            progress=self.request.progress,
        )

    def _recipes(self, choices: Sequence[Choice]) -> Callable[[Build], Recipe]:
        return lambda build: self.request.settings.recipe(
            build, self.pins.of(build.name) if self.pins else None, choices
        )

    def requirements(self) -> Callable[[str, str, Path], Pinned | None]:
        """What gives a build the files of its pinned requirements, for a Python of this machine."""
        if not self.pins:
            return lambda package, python, temporary: None
        files = self._files()

        def pinned(package: str, python: str, temporary: Path) -> Pinned:
            found = controller.find_python(python, None, self.request.uv.run)
            return files.bring(package, Target.parse(controller.target_of(found, self.request.uv.run)), temporary)

        return pinned

    def _files(self) -> Requirements:
        cache = self.wheelhouse.cache / "requirements"
        return Requirements(self.pins, self.request.uv, self.index(), cache, self._bring, self._remember)

    def pinned_elsewhere(self, build: Build, folder: Path) -> Pinned | None:
        """The files of a build's pinned requirements for the machine that makes it, in `folder`."""
        if not (self.pins and build.targets):
            return None
        target = Target.parse({"python": build.python, "platform": build.builder or build.targets[0].platform.name})
        return self._files().bring(build.name, target, folder)

    def _bring(self, files: list[tuple[Artifact, Path]]) -> None:
        self.request.progress.say(f"fetches {counted(len(files), 'pinned build requirement')}")
        transport = Mirrored(self.request.mirrors, self.http(), self.homes)
        jobs, retries = max(1, self.params["jobs"]), max(0, self.params["retries"])
        fetcher = Fetcher(transport, jobs, retries, lambda done, received: None)
        folder = self.wheelhouse.cache / "tmp"
        fetcher.fetch([(transport.applied(file), path) for file, path in files], folder)

    def _remember(self, lock: pylock.Pylock) -> None:
        self.homes.update(homes(lock))

    def tool(self, wanted: str, targets: Sequence[Target]) -> Selection:
        """uv's own wheel, for each target."""
        asked = self.params.get("build_index") or self.request.lock.default_index or ""
        mirrored = without_credentials(asked) if asked and self.request.mirrors.index(asked) else None
        try:
            lock = tool_lock(
                wanted, self.request.uv, self.index(), self.wheelhouse.cache, not self.request.check_mode, mirrored
            )
        except CommandError as error:
            todo = self.request.accounts.told_by_uv(error.output)
            if todo:
                raise CredentialsRefused({todo: [f"uv {wanted}"]}) from error
            raise
        self.homes.update(homes(lock))
        return select(lock, targets, Preferences(wheels_only=True))
