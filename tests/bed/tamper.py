# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change one byte of a file in place, and keep its size and its time stamps; print its old sha256.

Usage: tamper.py FOLDER PATTERN

It runs on a host, so it keeps to the standard library. In a wheel the byte belongs to a member's
time stamp: the archive stays whole, so that only its hash tells. Elsewhere it is the last one.
"""

import hashlib
import os
import sys
from pathlib import Path


def main(folder, pattern):
    (path,) = Path(folder).glob(pattern)
    status = path.stat()
    content = path.read_bytes()
    at = 10 if path.suffix == ".whl" else len(content) - 1
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(bytes([content[at] ^ 2]) if path.suffix == ".whl" else b" ")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    print(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
