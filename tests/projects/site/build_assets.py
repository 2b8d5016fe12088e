# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands for `npm run build` and `msgfmt`, so that tests need neither."""

from __future__ import annotations

import re
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent


def frontend() -> None:
    source = (HERE / "frontend" / "src" / "app.js").read_text(encoding="utf-8")
    built = HERE / "frontend" / "dist" / "app.js"
    built.parent.mkdir(exist_ok=True)
    built.write_text(f"/* built */ {source}", encoding="utf-8")


def messages(po: Path) -> None:
    """The `.po` file's pairs in GNU's binary form: header, two tables of (length, offset), strings."""
    text = po.read_text(encoding="utf-8")
    pairs = sorted(re.findall(r'msgid "(.*)"\nmsgstr "(.*)"', text))
    strings = [[part.replace("\\n", "\n").encode() for part in column] for column in zip(*pairs)]
    offset = 28 + 16 * len(pairs)
    tables, body = b"", b""
    for column in strings:
        for part in column:
            tables += struct.pack("<II", len(part), offset + len(body))
            body += part + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    po.with_suffix(".mo").write_bytes(header + tables + body)


if __name__ == "__main__":
    frontend()
    messages(HERE / "locale" / "de" / "LC_MESSAGES" / "django.po")
