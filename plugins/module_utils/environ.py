# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment variables that uv and what it starts may see.

A variable of the user's or of the machine may say who they are and how the network is reached,
never what is collected or installed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

# The times of all files that go into a wheel; archives get other bytes otherwise
# (https://reproducible-builds.org/specs/source-date-epoch/).
SOURCE_DATE_EPOCH = "315532800"  # 1980-01-01, the first that a zip file can hold

# Everything else of these families goes: they name indexes, caches, projects and strategies.
_FAMILIES = ("UV_", "PIP_")

# They lead an interpreter to other modules, other bytecode or another environment.
_STEERING = frozenset(
    {
        # Set in every git hook: git and version plugins would look at that repository, not at the project's
        # (`git rev-parse --local-env-vars`).
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
        "CONDA_DEFAULT_ENV",
        "CONDA_PREFIX",
        "PYTHONHOME",
        "PYTHONOPTIMIZE",
        "PYTHONPATH",
        "PYTHONPLATLIBDIR",
        "PYTHONPYCACHEPREFIX",
        "PYTHONUSERBASE",
        "VIRTUAL_ENV",
    }
)

# uv's own words for credentials, certificates, timeouts and how much it does at once
# (https://docs.astral.sh/uv/reference/environment/). Proxies, NETRC and SSL_* are of no family.
_KEPT = re.compile(
    r"""UV_(
        INDEX_\w+_(USERNAME|PASSWORD)
      | KEYRING_PROVIDER | CREDENTIALS_DIR | API_KEY | AUTH_TOKEN | GITHUB_TOKEN
      | NATIVE_TLS | SYSTEM_CERTS
      | HTTP_TIMEOUT | HTTP_CONNECT_TIMEOUT | REQUEST_TIMEOUT | HTTP_RETRIES
      | LOCK_TIMEOUT | COMPILE_BYTECODE_TIMEOUT
      | CONCURRENT_\w+
    )""",
    re.VERBOSE,
)

_OF_MACHINE = re.compile(
    r"""PATH | HOME | USER | LOGNAME | TMPDIR | RUSTUP_HOME
     | (?i:(http|https|ftp|all|no)_proxy) | NETRC
     | SSL_\w+ | REQUESTS_CA_BUNDLE | CURL_CA_BUNDLE | GIT_SSL_CAINFO
    """,
    re.VERBOSE,
)
_of_network = re.compile(r"(?i:\w+_proxy)|NETRC").fullmatch

_OF_INDEX = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")

# Of one index each: uv's own (https://docs.astral.sh/pyx/), and GitHub, which is none.
_TOKENS = {"UV_API_KEY": "pyx.dev", "UV_AUTH_TOKEN": "pyx.dev", "UV_GITHUB_TOKEN": ""}

_SECRET = re.compile(rf"UV_INDEX_\w+_PASSWORD|{'|'.join(_TOKENS)}")

# What a build has of its own in its folder.
HOUSE = {"HOME": "home", "TMPDIR": "tmp"}

# Where curl and uv find credentials, uv those of `uv auth login` (https://docs.astral.sh/uv/concepts/authentication/),
# and rustup its toolchains (https://rust-lang.github.io/rustup/environment-variables.html).
_IN_HOMES = {
    "NETRC": ".netrc",
    "UV_CREDENTIALS_DIR": ".local/share/uv/credentials",
    "RUSTUP_HOME": ".rustup",
}


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without what would steer uv, pip or Python; `environ` stays as it is.

    Kept are credentials, certificates, proxies and timeouts, and whatever is of no concern to uv.
    """
    return {name: value for name, value in environ.items() if not _steers(name)}


def of_machine(environ: Mapping[str, str], network: bool = True) -> dict[str, str]:
    """Return of `environ` what a build may see: how programs are found, and with `network` how that is reached."""
    kept = {name: value for name, value in environ.items() if _OF_MACHINE.fullmatch(name)}
    more = {name: value for name, value in environ.items() if _KEPT.fullmatch(name)}
    return {**kept, **more} if network else {name: value for name, value in kept.items() if not _of_network(name)}


def variables(name: str) -> tuple[str, str]:
    """uv's variables for an index (https://docs.astral.sh/uv/concepts/indexes/, "Providing credentials directly")."""
    prefix = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', name.upper())}"
    return f"{prefix}_USERNAME", f"{prefix}_PASSWORD"


def for_index(environ: Mapping[str, str], index: str | None) -> dict[str, str]:
    """`environ` without credentials of other indexes than this one, a URL or `name=url` as uv takes it."""
    name, named, url = (index or "").partition("=")
    own = variables(name) if named and "://" not in name else ()
    host = urlsplit(url if own else index or "").hostname or ""

    def others(variable: str) -> bool:
        if variable in _TOKENS:
            return not (_TOKENS[variable] and f".{host}".endswith(f".{_TOKENS[variable]}"))
        return bool(_OF_INDEX.fullmatch(variable)) and variable not in own

    return {variable: value for variable, value in environ.items() if not others(variable)}


def secrets(environ: Mapping[str, str]) -> set[str]:
    """The passwords and tokens for uv in it."""
    return {value for name, value in environ.items() if value and _SECRET.fullmatch(name)}


def housed(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Variables that give a build a home and a place for temporary files of its own, in `folder`.

    What programs look for in the user's home is named to them instead, where it is there.
    """
    own = {variable: folder / name for variable, name in HOUSE.items()}
    for path in own.values():
        path.mkdir(exist_ok=True)
    theirs = Path(environ.get("HOME") or "/")
    named = {
        variable: str(theirs / place)
        for variable, place in _IN_HOMES.items()
        if variable not in environ and (theirs / place).exists()
    }
    return {**named, **{variable: str(path) for variable, path in own.items()}}


def _steers(name: str) -> bool:
    if name in _STEERING:
        return True
    return name.startswith(_FAMILIES) and not _KEPT.fullmatch(name)
