# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a collect was asked for: its options, read and checked before anything is touched."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils import controller, disk, environ, options
from ansible_collections.airgap.uv.plugins.module_utils.accounts import Accounts
from ansible_collections.airgap.uv.plugins.module_utils.build_cache import BuildCache
from ansible_collections.airgap.uv.plugins.module_utils.build_settings import BuildSettings
from ansible_collections.airgap.uv.plugins.module_utils.builders import Builders
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Means, Runner, confined, means
from ansible_collections.airgap.uv.plugins.module_utils.crew import Crew, cpus
from ansible_collections.airgap.uv.plugins.module_utils.dist import Dist
from ansible_collections.airgap.uv.plugins.module_utils.git import Git
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pins
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.progress import Progress
from ansible_collections.airgap.uv.plugins.module_utils.represented import (
    Given,
    parse_some,
)
from ansible_collections.airgap.uv.plugins.module_utils.sources import Sources
from ansible_collections.airgap.uv.plugins.module_utils.stage import refuse_foreign
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.plugins.module_utils.tree import Patterns
from ansible_collections.airgap.uv.plugins.module_utils.uv import Groups, Uv
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import Wheelhouse

# Seconds. A history takes minutes; what takes longer is stuck.
_LONGEST_FETCH = 1800.0


@dataclass(frozen=True)
class Request:
    """The options as values, and what the controller has to serve them with."""

    params: Mapping[str, Any]
    uv: Uv
    lock: Lockfile
    wheelhouse: Wheelhouse  # as it was found
    given: list[Given]
    groups: Groups
    preferences: Preferences
    settings: BuildSettings
    sources: Sources
    confine: Callable[[Limits], Runner]  # what builds are run by
    crew: Crew
    mirrors: Mirrors
    hosts: Mirrors  # those that the hosts have
    accounts: Accounts
    progress: Progress
    check_mode: bool
    diff_mode: bool
    shared: BuildCache  # what other projects of this controller built
    dist: Dist | None  # wheels of local packages that are not to be built
    pins: Pins  # of build requirements
    kernel: Callable[[], Means]  # what builds are held with
    builders: Builders

    @classmethod
    def read(
        cls,
        params: Mapping[str, Any],
        run_command: Callable[..., tuple[int, str, str]],
        progress: Progress,
        check_mode: bool,
        diff_mode: bool = False,
    ) -> Request:
        """Read everything that can be refused before anything is touched."""
        params = {**params, **options.absolute(params)}
        controller.use_only_this_environment(params.get("ca_bundle"))

        def plainly(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
            return run_command(argv, cwd=cwd, environ_update=dict(env))

        def minded(runner: Runner) -> Runner:
            def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
                rc, out, err = runner(argv, cwd, env)
                if rc:
                    disk.refuse_full(params["wheelhouse"], argv, err)
                return rc, out, err

            return run

        run = minded(plainly)

        uv = Uv.find(params.get("uv_executable"), run, {})
        lock = Lockfile.read(options.lock_path(params))
        uv.refuse_required_version(lock)
        settings = BuildSettings.read(lock, params["build_settings"])
        options.refuse_stranger(params.get("package"), lock)
        wheelhouse = Wheelhouse.read(Path(params["wheelhouse"]).resolve())
        for folder in lock.folders:
            options.refuse_inside(wheelhouse.path, folder)
        options.refuse_unwritable(wheelhouse.path)
        options.refuse_unusable(params)
        if params.get("stage"):
            stage = Path(params["stage"]["path"]).resolve()
            for folder in lock.folders:
                options.refuse_inside(stage, folder)
            options.refuse_overlap(wheelhouse.path, stage)
            options.refuse_unwritable(stage)
            refuse_foreign(stage)
        given = params.get("targets") or [controller.own_target(lock.folder, str(lock.requires_python), run)]
        pins = Pins.read_if_there(params.get("build_constraints"))
        asked = parse_some(given)
        if not params["partial"]:
            Target.parse_all(given)
        mirrors = Mirrors.parse(params.get("mirrors"))
        accounts = Accounts.parse(
            params.get("credentials") or [],
            lock.pyproject.indexes,
            os.environ,
            options.urls(params),
            lock.repositories,
        )
        # In the environment, never among the arguments, which every user of the machine may read.
        uv = dataclasses.replace(uv, environ=accounts.environ(options.build_index(params, lock, mirrors)))
        crew = Crew(cpus() if params["build_jobs"] is None else params["build_jobs"], run_command)
        git = _git(params, run_command, mirrors, accounts)
        uv = uv if check_mode else uv.with_cache(wheelhouse.cache / "uv")
        return cls(
            params=params,
            uv=uv,
            lock=lock,
            wheelhouse=wheelhouse,
            given=asked,
            groups=Groups.parse(params),
            preferences=settings.preferred(Preferences.parse(params).pinned_by(pins)),
            settings=settings,
            mirrors=mirrors,
            hosts=Mirrors.parse(params.get("ship_from"), "ship_from"),
            accounts=accounts,
            sources=Sources(lock, Patterns.parse(params.get("stage") or {}), uv, progress, git),
            progress=progress,
            check_mode=check_mode,
            diff_mode=diff_mode,
            shared=BuildCache.open(params.get("build_cache"), os.environ, lambda: crew.over),
            dist=Dist.read(Path(params["dist"]), lock) if params.get("dist") else None,
            crew=crew,
            confine=lambda limits: minded(confined(crew.run_command, limits)),
            kernel=lambda: means(crew.run_command),
            pins=pins,
            builders=Builders.parse(params["builders"]),
        )

    def confined_uv(self, folder: Path) -> Uv:
        """uv for what may run code of a source: held as a build is, with `folder` to write in.

        Its cache is of no other use, for that code may write there too; it spares the next run the sources.
        """
        seen = {**environ.of_machine(os.environ), **self.uv.environ, **environ.housed(os.environ, folder)}
        cache = None if self.check_mode else self.wheelhouse.cache / "check"
        run = self.confine(Limits(self.params["build_timeout"], (folder, *([cache] if cache else []))))
        return dataclasses.replace(self.uv, run=run, environ=seen, cache=cache)


def _git(
    params: Mapping[str, Any], run_command: Callable[..., tuple[int, str, str]], mirrors: Mirrors, accounts: Accounts
) -> Git:
    """git with time limits, which end all that it started."""

    def place(url: str) -> str:
        found = mirrors.index(url)
        return found.as_uri() if isinstance(found, Path) else found or url

    def within(seconds: float) -> Runner:
        def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
            own = functools.partial(run_command, cwd=cwd, environ_update=dict(env))
            rc, out, err = watched(own, seconds)(argv)
            if rc:
                disk.refuse_full(params["wheelhouse"], argv, err)
            return rc, out, err

        return run

    timeout = float(params["timeout"])
    return Git(
        within(2 * timeout + 5),
        within(_LONGEST_FETCH),
        timeout=timeout,
        ca_bundle=params.get("ca_bundle"),
        place=place,
        auth=accounts.git_auth,
        refusal=accounts.git_sentence,
    )
