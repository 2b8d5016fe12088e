# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serve the page that tells what runs here.

Usage:
  whatruns [--host=ADDRESS] [--port=NUMBER]
  whatruns --version
  whatruns --help

Options:
  --host=ADDRESS  Address to listen on [default: 127.0.0.1].
  --port=NUMBER   Port to listen on [default: 8000].
"""

from __future__ import annotations

from importlib import metadata

import waitress
from docopt import docopt

from whatruns.web import create_app


def main() -> None:
    arguments = docopt(__doc__, version=metadata.version("whatruns"))
    waitress.serve(create_app(), host=arguments["--host"], port=int(arguments["--port"]))
