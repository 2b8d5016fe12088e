# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a folder `ansible_collections/airgap/uv` up to date with the checkout.

Usage: tree.py FOLDER

Ansible finds a collection by the path it lies in, and ansible-test refuses a symbolic link. What
is the same stays untouched, so that tools which run from the copy at that time are not disturbed.
The copy is a repository of its own (without a commit): ansible-test and ansible-lint ask git for the
files, and the checkout's own git ignores everything below build/.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEVER = {
    ".git",
    "build",
    ".venv",
    ".cache",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".ansible",
}


def files() -> set[str]:
    """The checkout's files, relative to it: what git knows or would add, else all but caches."""
    if not (shutil.which("git") and (ROOT / ".git").exists()):
        return walk(ROOT)
    trusting = ["git", "-c", "safe.directory=*", "-C", str(ROOT)]  # whoever owns the checkout
    command = [*trusting, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def walk(top: Path) -> set[str]:
    """Every file below a folder, relative to it, less caches."""
    found: set[str] = set()
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in NEVER]
        found.update(str((Path(folder) / name).relative_to(top)) for name in names)
    return found


def main(target: Path) -> None:
    wanted = files()
    if shutil.which("git") and not (target / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(target)], check=True)
    for name in wanted:
        source, copy = ROOT / name, target / name
        if not copy.is_file() or not filecmp.cmp(source, copy, shallow=False):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    for name in walk(target) - wanted if target.is_dir() else ():
        if not name.startswith("tests/output/"):
            (target / name).unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
