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
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked, without_credentials

_WEB = ("http", "https")

_VARIABLES = ("AIRGAP_UV_GIT_USERNAME", "AIRGAP_UV_GIT_PASSWORD")

# A credential helper (gitcredentials(7)) that says what stands in the environment.
_HELPER = (
    f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "${_VARIABLES[0]}" "${_VARIABLES[1]}"; }}; f'
)

# git's and git-lfs' words when a server wants credentials, or others: 401, unless they tell.
_STATUS = re.compile(
    r"Authentication failed for|could not read (?:Username|Password)|terminal prompts disabled|Authentication required"
    r"|(?:returned error:|HTTP|status:?) (?P<status>40[13])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Git:
    """The program, with none of the user's or the machine's settings: they may run code and hold secrets.

    `asking` gives an answer within seconds or raises `TimeoutError`; `fetching` is given longer.
    Credentials come from `auth`, netrc or an SSH agent, and nobody is ever asked for them. They stand in the
    environment, never among the arguments, which every user of the machine may read.
    """

    asking: Runner
    fetching: Runner
    environ: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0  # seconds without a byte
    ca_bundle: str | None = None
    place: Callable[[str], str] = str  # where a repository is had from: its URL, or its mirror's
    auth: Callable[[str], tuple[str, str] | None] = lambda url: None  # user and password for a URL
    refusal: Callable[[str, str], str] = "{} lets nobody in ({})".format  # what to do for a URL and its server's answer

    def run(
        self, *words: str, cwd: Path, schemes: tuple[str, ...] = (), quick: bool = False, url: str = ""
    ) -> tuple[int, str, str]:
        """Return code and output of a command that may use these kinds of URLs alone, by default none.

        `url`: whose server may be given credentials.
        """
        run = self.asking if quick else self.fetching
        auth = self.auth(url) if urlsplit(url).scheme in _WEB else None
        known = dict(zip(_VARIABLES, auth)) if auth else {}
        server = _server(url) if auth else ""
        return run(self._argv(server, *words), str(cwd), {**self.environ, **self._environ(schemes), **known})

    def refused(self, url: str, err: str) -> str:
        """What to do where the server wants credentials, or others, as git tells it; nothing where that is not so."""
        found = _STATUS.search(err)
        if not found or urlsplit(url).scheme not in _WEB:
            return ""
        return self.refusal(url, f"HTTP {found['status'] or 401}")

    def _argv(self, server: str, *words: str) -> list[str]:
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
            # git asks for them when that server wants some, and no other.
            **({f"credential.{server}.helper": _HELPER} if server else {}),
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


def bare(url: str) -> str:
    """The URL as an argument: without a credential. The user of an ssh URL is none."""
    return without_credentials(url) if urlsplit(url).scheme in _WEB else url


def _server(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def said(err: str) -> str:
    """git's own words, in one line, without a credential."""
    lines = [line.strip() for line in err.splitlines() if line.strip() and not line.startswith("hint:")]
    fatal = [line for line in lines if line.startswith("fatal:")] or lines or ["git said nothing"]
    # It names the URL, which the reader has, or that of a submodule.
    return re.sub(r"^unable to access '[^']*': ", "", str(masked(fatal[0].removeprefix("fatal:").strip())))
