# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""git, the program: run with nothing but what is given here."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked


@dataclass(frozen=True)
class Git:
    """The program, with none of the user's or the machine's settings: they may run code and hold secrets.

    `asking` gives an answer within seconds or raises `TimeoutError`; `fetching` is given longer.
    Credentials come from netrc, an SSH agent or the URL, and nobody is ever asked for them.
    """

    asking: Runner
    fetching: Runner
    environ: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0  # seconds without a byte
    ca_bundle: str | None = None
    place: Callable[[str], str] = str  # where a repository is had from: its URL, or its mirror's

    def run(self, *words: str, cwd: Path, schemes: tuple[str, ...] = (), quick: bool = False) -> tuple[int, str, str]:
        """Return code and output of a command that may use these kinds of URLs alone, by default none."""
        run = self.asking if quick else self.fetching
        return run(self._argv(*words), str(cwd), {**self.environ, **self._environ(schemes)})

    def _argv(self, *words: str) -> list[str]:
        settings = {
            "core.hooksPath": os.devnull,
            "core.fsmonitor": "false",
            "core.autocrlf": "false",
            "core.symlinks": "true",
            "credential.helper": "",
            "gc.auto": "0",
            "maintenance.auto": "false",
            "protocol.allow": "never",
            "submodule.recurse": "false",
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": str(max(1, round(self.timeout))),
        }
        return ["git", *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")), *words]

    def _environ(self, schemes: tuple[str, ...]) -> dict[str, str]:
        bundle = self.ca_bundle or os.environ.get("SSL_CERT_FILE", "")
        wait = max(1, round(self.timeout))
        ssh = os.environ.get("GIT_SSH_COMMAND") or f"ssh -o BatchMode=yes -o ConnectTimeout={wait}"
        return {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_SSH_COMMAND": ssh,
            "GIT_TEMPLATE_DIR": "",
            "GIT_LFS_SKIP_SMUDGE": "1",
            # `:` is what names no kind at all; unset or empty would allow the usual ones.
            "GIT_ALLOW_PROTOCOL": ":".join(schemes) or "none",
            **({"GIT_SSL_CAINFO": bundle} if bundle else {}),
        }


def said(err: str) -> str:
    """git's own words, in one line, without a credential."""
    lines = [line.strip() for line in err.splitlines() if line.strip() and not line.startswith("hint:")]
    fatal = [line for line in lines if line.startswith("fatal:")] or lines or ["git said nothing"]
    # It names the URL, which the reader has, or that of a submodule.
    return re.sub(r"^unable to access '[^']*': ", "", str(masked(fatal[0].removeprefix("fatal:").strip())))
