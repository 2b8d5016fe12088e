# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare every file of a virtual environment with what its distribution's RECORD says.

Usage: intact.py VENV

It runs on a host, so it keeps to the standard library. What differs is printed, and ends it with 1.
"""

import base64
import csv
import hashlib
import sys
from pathlib import Path


def differing(record):
    """The files of one RECORD that are absent or have another sha256."""
    site = record.parent.parent
    with record.open(newline="", encoding="utf-8") as lines:
        for name, recorded, _size in csv.reader(lines):
            algorithm, _equals, wanted = recorded.partition("=")
            if algorithm != "sha256":
                continue
            path = site / name
            if not path.is_file():
                yield f"{name}: absent"
                continue
            digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest())
            if digest.rstrip(b"=").decode() != wanted:
                yield f"{name}: not what {record.parent.name} recorded"


def main(venv):
    records = sorted(venv.glob("lib/python*/site-packages/*.dist-info/RECORD"))
    wrong = [line for record in records for line in differing(record)]
    print("\n".join([*wrong, f"{len(records)} distributions"]))
    return 1 if wrong or not records else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
