# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What builds are compiled with: the compilers on PATH, by their own words."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

from ansible_collections.airgap.uv.plugins.module_utils.confine import Runner

# By the names that builds look for: of C and C++ (POSIX, make(1)), Fortran, Rust.
_NAMES = ("cc", "c++", "gfortran", "rustc")


def compilers(run: Runner, environ: Mapping[str, str]) -> Sequence[str]:
    """The first line that each says with `--version`; nothing of one that is not there or says none."""
    found = []
    for name in _NAMES:
        path = shutil.which(name, path=environ.get("PATH"))
        if path is None:
            continue
        try:
            rc, out, _err = run([path, "--version"], "/", environ)
        except OSError:  # a time limit is one
            continue
        if rc == 0 and out.strip():
            found.append(out.strip().splitlines()[0])
    return found
