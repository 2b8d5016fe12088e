# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`sums --port N`: serve on loopback."""

from __future__ import annotations

import argparse

from waitress import serve

from sums.web import app


def main() -> None:
    parser = argparse.ArgumentParser(prog="sums", description="Compute checksums over HTTP.")
    parser.add_argument("--port", type=int, default=8000)
    serve(app, host="127.0.0.1", port=parser.parse_args().port)
