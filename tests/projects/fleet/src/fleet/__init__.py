# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says what it runs on, and lets the compiled part of each dependency compute something."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from typing import Any

import orjson
from cryptography.hazmat.primitives.hashes import SHA256, Hash


def about() -> dict[str, Any]:
    digest = Hash(SHA256())
    digest.update(b"fleet")
    return {
        "python": "{}.{}".format(*sys.version_info),
        "base": os.path.realpath(sys.base_prefix),
        "prefix": os.path.realpath(sys.prefix),
        "machine": platform.machine(),
        "glibc": platform.libc_ver()[1],
        "sha256": digest.finalize().hex(),
        "extras": [name for name, module in (("pages", "markupsafe"), ("queue", "msgpack")) if there(module)],
        "compiled": compiled(),
    }


def there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def compiled() -> list[str]:
    """What the extras computed in C; each would do without, slowly and silently."""
    done = []
    if there("markupsafe"):
        import markupsafe._speedups
        import yaml

        done.append(yaml.load("word: compiled", yaml.CSafeLoader)["word"])
        done.append(markupsafe._speedups._escape_inner("<"))
    if there("msgpack"):
        import msgpack._cmsgpack

        done.append(msgpack._cmsgpack.Packer().pack(1).hex())
    return done


def main() -> None:
    print(orjson.dumps(about()).decode())
