# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate for 127.0.0.1 that nobody trusts, made by the openssl program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def openssl() -> str | None:
    """The openssl program, if there is one."""
    return shutil.which("openssl")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate and its key into `folder`; return both paths.

    The certificate is its own authority, so its path also serves as a `ca_bundle`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    for extension in (
        "subjectAltName=IP:127.0.0.1",
        "keyUsage=digitalSignature,keyCertSign",
        "basicConstraints=critical,CA:TRUE",
    ):
        words += ["-addext", extension]
    words += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return certificate, key
