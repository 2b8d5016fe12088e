# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the path of a Python of the wanted minor version; end with 1 where there is none.

Usage: find_python.py 3.12

On PATH a version manager's shim may stand for a Python that it does not run: so every candidate
is asked, and behind a shim the manager's own `versions` folder is looked through.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def candidates(wanted: str) -> Iterator[Path]:
    """Every file that may be the wanted Python, likeliest first."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in folders:
        yield folder / f"python{wanted}"
    for folder in folders:
        if folder.name == "shims":
            yield from sorted(folder.parent.glob(f"versions/{wanted}.*/bin/python{wanted}"))


def version(python: Path) -> str:
    """`major.minor` of an interpreter, or nothing where it does not run."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def real(python: Path) -> Path:
    """The interpreter itself, where the candidate is a shim."""
    ask = "import sys; print(sys.executable)"
    answer = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True, timeout=30)
    return Path(answer.stdout.strip())


def main(wanted: str) -> int:
    for python in candidates(wanted):
        if python.is_file() and version(python) == wanted:
            print(real(python))
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
