# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this process runs on."""

from __future__ import annotations

import os
import platform
import pwd
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES


@dataclass(frozen=True)
class Distribution:
    """One installed distribution; `compiled` when it brings an extension module."""

    name: str
    version: str
    compiled: bool

    @classmethod
    def of(cls, found: metadata.Distribution) -> Distribution:
        files = found.files or []
        compiled = any(file.name.endswith(tuple(EXTENSION_SUFFIXES)) for file in files)
        return cls(name=found.name, version=found.version, compiled=compiled)


@dataclass(frozen=True)
class Inventory:
    """The answer of `/api/distributions`, and what the page shows."""

    application: str
    version: str
    python: str
    user: str
    distributions: tuple[Distribution, ...]

    @classmethod
    def take(cls) -> Inventory:
        found = sorted(map(Distribution.of, metadata.distributions()), key=lambda one: one.name.lower())
        return cls(
            application="whatruns",
            version=metadata.version("whatruns"),
            python=platform.python_version(),
            user=_user(),
            distributions=tuple(found),
        )


def _user() -> str:
    """Name of the user this process runs as, or its number where the system knows no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
