# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a virtual environment that holds exactly what a file of pins says.

Usage: PYTHON venv.py FOLDER REQUIREMENTS

It runs under the Python that the environment is for. One that is there already and was made from
the same pins by the same Python stays as it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)  # ansible-core 2.19 asks for it


def mark(requirements: Path) -> str:
    """What an environment is made from: the interpreter and the pins."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{sys.base_prefix} {sys.version} {digest}\n"


def create(folder: Path) -> list[str]:
    """Create the environment; return the command that is its pip.

    Debian keeps ensurepip in a package of its own: without it, the pip of this Python, or any
    other on the machine, installs into the environment.
    """
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    if importlib.util.find_spec("ensurepip") is not None:
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, check=False)
        if made.returncode == 0:
            return [python, "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", python]
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is None:
        sys.exit(f"{sys.executable} has neither ensurepip nor pip: install pip, and run this again")
    return [pip, "--python", python]


def main(folder: Path, requirements: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another target may want the same
        fill(folder, requirements)


def fill(folder: Path, requirements: Path) -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"This needs Python {'.'.join(map(str, OLDEST))} or later: make PYTHON=python3.11 ...")
    stamp = folder / ".made-from"
    if stamp.is_file() and stamp.read_text() == mark(requirements):
        return
    print(f"{folder}: installing {requirements}", flush=True)
    pip = create(folder)
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "install", *options, "--requirement", str(requirements)], check=True)
    stamp.write_text(mark(requirements))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
