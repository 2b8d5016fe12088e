# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host has shared libraries: its loader is asked, by loading each with the interpreter.

The loader's cache (ld.so.cache) tells neither whether a library's own libraries are there, nor what an
interpreter of another width can load, and musl has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner

_MISSING = 3
_SCRIPT = f"""
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.stdout.write(str(error))
    sys.exit({_MISSING})
"""

# A path would load whatever file it names.
_NAME = re.compile(r"^[\w.+-]+$")


class LibraryNameInvalid(AirgapError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"libraries: {self.name!r} is no name of a shared library. Write libpq.so.5 or the like."


def missing(names: Sequence[str], python: str, run: Runner) -> dict[str, str]:
    """Those that cannot be loaded, each with the loader's words. What cannot be tried is not said to be missing."""
    for name in names:
        if not _NAME.match(name):
            raise LibraryNameInvalid(name)
    found = {}
    for name in names:
        try:
            # -I -S: neither the user's nor the site's modules; -B leaves no bytecode behind.
            rc, out, _err = run([python, "-I", "-S", "-B", "-c", _SCRIPT, name])
        except OSError:  # a time limit is one
            continue
        if rc == _MISSING:
            found[name] = out.strip()
    return found
