# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""More build requirements for an unpacked source than it names itself, written into its `pyproject.toml`.

uv knows `extra-build-dependencies` where it installs, and leaves them out of `uv build`. Hosts have no TOML parser
before Python 3.11, so the text is amended as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError

# What a source without the table is built with (https://peps.python.org/pep-0517/#source-trees), and by which backend.
_USUAL = ("setuptools >= 40.8.0",)
_LEGACY = "setuptools.build_meta:__legacy__"

_HEADER = re.compile(r"^[ \t]*\[[ \t]*(?:build-system|\"build-system\"|'build-system')[ \t]*\][ \t\r]*$", re.M)
_TABLE = re.compile(r"^[ \t]*\[", re.M)
_REQUIRES = re.compile(r"^[ \t]*(?:requires|\"requires\"|'requires')[ \t]*=[ \t]*\[", re.M)
_TOUCHED = re.compile(r"^[ \t]*build-system\b", re.M)
_DOTTED = re.compile(r"^[ \t]*build-system[ \t]*\.[ \t]*requires[ \t]*=[ \t]*\[", re.M)


class SourceUnusual(AirgapError):
    """`file`: a `pyproject.toml` whose build requirements are written in a way that is not understood."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file

    def __str__(self) -> str:
        return (
            f"No build requirement can be added to {self.file}: [build-system] of it has no `requires = [...]`. Bring "
            "a wheel of it (extra_wheels), or leave the additional requirements out (build_settings, "
            "extra-build-dependencies)."
        )


class SourceMissing(AirgapError):
    """Neither file is there that tells how it is built."""

    def __str__(self) -> str:
        return (
            "The source has neither pyproject.toml nor setup.py, or only as a link that leads out of it, which no "
            "build sees. Put the file itself there."
        )


def amend(folder: Path, requires: Sequence[str]) -> None:
    """Have the source in `folder` name `requires` too. Raises `SourceUnusual` or `SourceMissing`."""
    if not requires:
        return
    path = folder / "pyproject.toml"
    if not (path.is_file() or (folder / "setup.py").is_file()):
        # Else what is written would make a package of it, an empty one.
        raise SourceMissing
    text = amended(path.read_text(encoding="utf-8") if path.is_file() else "", requires, path.name)
    if path.is_symlink():
        path.unlink()  # what it leads to stays as it is
    path.write_text(text, encoding="utf-8")


def amended(text: str, requires: Sequence[str], file: str = "pyproject.toml") -> str:
    """The text of a `pyproject.toml` whose `[build-system]` names `requires` before its own."""
    plain = _without_strings(text)
    place = _place(plain)
    items = "".join(f"{_quoted(item)}, " for item in requires)
    if place is not None:
        return f"{text[:place]}{items}{text[place:]}"
    if _HEADER.search(plain) or _TOUCHED.search(plain):
        raise SourceUnusual(file)
    listed = ", ".join(_quoted(item) for item in (*_USUAL, *requires))
    return f'{text.rstrip()}\n\n[build-system]\nrequires = [{listed}]\nbuild-backend = "{_LEGACY}"\n'.lstrip()


def _place(plain: str) -> int | None:
    """Where the array of the build requirements begins, behind its bracket."""
    header = _HEADER.search(plain)
    if header:
        following = _TABLE.search(plain, header.end())
        found = _REQUIRES.search(plain, header.end(), following.start() if following else len(plain))
        return found.end() if found else None
    first = _TABLE.search(plain)
    dotted = _DOTTED.search(plain, 0, first.start() if first else len(plain))
    return dotted.end() if dotted else None


_STRINGS = re.compile(r'''"""(?:\\.|[^\\])*?"""|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*''', re.DOTALL)


def _without_strings(text: str) -> str:
    """The text with what strings and comments hold made blank, in its place; quoted keys of a line stay."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found in ('"build-system"', "'build-system'", '"requires"', "'requires'"):
            return found
        return "".join(letter if letter == "\n" else " " for letter in found)

    return _STRINGS.sub(blank, text)


def _quoted(item: str) -> str:
    """As a basic string of TOML."""
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
