# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be deployed to one host, as the role hands it to the preflight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wish:
    """What is to be deployed to the host: the role's variables, and what was collected for it.

    `wheels` are those that are sent to the host, as `uv_wheelhouse` returns them, and `installs` those that it
    installs; `files` are those of the staged project;
    `unserved` the obstacles of the host's target; `uncovered` paths of wheels that it needs and no target of
    `uv_deploy_targets` takes; `failure` why nothing was collected; `earlier` a host of the play that got another
    `release`; `archive` the Python that travels, with its `size`, and `archive_fault` what is wrong with it;
    `carried` whether files pass through Ansible's own temporary folder on the host.
    """

    path: str
    owner: str = "root"
    group: str = ""
    service_user: str = ""
    uv_source: str = "auto"
    uv_needed: str = "0.5"
    uv_needed_for: str = ""
    sends_uv: bool = False
    via: str = "auto"
    keep_releases: int = 5
    check_mode: bool = False
    collected: bool = False
    failure: str = ""
    release: str = ""
    wheels: Sequence[Mapping[str, Any]] = ()
    installs: Sequence[Mapping[str, Any]] = ()
    files: Sequence[Mapping[str, Any]] = ()
    unserved: Sequence[Mapping[str, Any]] = ()
    uncovered: Sequence[str] = ()
    earlier: Mapping[str, Any] | None = None
    archive: Mapping[str, Any] | None = None
    archive_fault: str = ""
    carried: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Wish:
        """Read the role's words; what is not given has its default."""
        known = {name: raw[name] for name in cls.__dataclass_fields__ if raw.get(name) is not None}
        return cls(**{**known, "keep_releases": int(known.get("keep_releases", cls.keep_releases))})
