# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application: `/` says what runs and as whom, `/crc/TEXT` the CRC-32 of a text."""

from __future__ import annotations

import os
import pwd
import sys
from importlib.metadata import distributions
from typing import Any

import crcmod._crcfunext  # the compiled part; crcmod would do without, slowly and silently
import crcmod.predefined
from flask import Flask

from sums import GREETING

app = Flask(__name__)
crc32 = crcmod.predefined.mkCrcFun("crc-32")


@app.get("/")
def about() -> dict[str, Any]:
    return {
        "greeting": GREETING,
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "may_write": os.access(sys.prefix, os.W_OK) or os.access(__file__, os.W_OK),
        "prefix": os.path.realpath(sys.prefix),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "compiled": crcmod._crcfunext.__file__.endswith(".so"),
        "distributions": {found.metadata["Name"].lower(): found.version for found in distributions()},
    }


@app.get("/crc/<text>")
def crc(text: str) -> dict[str, str]:
    return {"text": text, "crc32": f"{crc32(text.encode()):08x}"}
