# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed build tried that no build may do, as far as its output tells."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

_DENIED = "Permission denied"

# Programs quote a path or not, and have it before the words or after.
_QUOTED = re.compile(r"""['"`\u2018]([^'"`\u2018\u2019]+)['"\u2019]""")
_BARE = re.compile(r"(?<![\w.~/-])(/[^\s:'\"`\u2018\u2019,)]+)")

# A traceback quotes its own files before the last line does the one in question.
_OF_TRACEBACK = re.compile(r'\s*File "')

_ASKS = re.compile(
    r"^EOFError: EOF when reading|/dev/tty: No such device|No such device or address: '/dev/tty'"
    r"|could not read (Username|Password) for|terminal prompts disabled",
    re.MULTILINE,
)

# In brackets, because ansible-test takes the bare word for a call of urllib.
_NETWORK = re.compile(
    r"name resolution|Name or service not known|[Cc]ould ?n[o']t resolve|nodename nor servname|Could not resolve"
    r"|Network is unreachable|dns error|failed to lookup address|NewConnectionError|No route to host"
    r"|unable to access '(http|git)|Unknown host|EAI_AGAIN|ENOTFOUND"
    r"|Connection refused|<url[o]pen error|Failed to connect to"
)

# uv's words on what the files that it was given lack.
_LACKS = re.compile(
    r"Because ([A-Za-z0-9][\w.-]*)\S* (?:was not found in the provided|and you req)"
    r"|no hashes were provided or computed for: ([A-Za-z0-9][\w.-]*)"
    r"|there (?:is|are) no versions? of ([A-Za-z0-9][\w.-]*)|Because you require ([A-Za-z0-9][\w.-]*)"
)


def written_elsewhere(output: str, writable: Sequence[Path]) -> str | None:
    """The path that a build was not let write to, as it told it."""
    for line in output.splitlines():
        if _DENIED not in line or _OF_TRACEBACK.match(line):
            continue
        for found in (*_QUOTED.findall(line), *_BARE.findall(line)):
            path = Path(found)
            with contextlib.suppress(OSError, ValueError):  # a build may say what can be no path
                if path.is_absolute() and not _within(path, writable) and _could_be_written(path):
                    return str(path)
    return None


def asked(output: str) -> bool:
    """Whether it wanted to be told something by a person."""
    return bool(_ASKS.search(output))


def wanted_network(output: str) -> str | None:
    """The line in which it told that it has none."""
    lines = [line.strip() for line in output.splitlines() if _NETWORK.search(line)]
    return lines[-1] if lines else None


def lacked(output: str) -> str | None:
    """The build requirement that is not among the files that were given, or is there in another version."""
    # uv wraps its sentences and draws lines beside them.
    text = re.sub(r"[\s\u2502\u251c\u2570\u2500\u25b6]+", " ", output)
    found = _LACKS.search(text)
    return next(filter(None, found.groups())) if found else None


def _within(path: Path, folders: Sequence[Path]) -> bool:
    real = path.parent.resolve() / path.name
    return any(folder.resolve() in (real, *real.parents) for folder in folders)


def _could_be_written(path: Path) -> bool:
    """It was not the reading that was denied, or the running of what is no program."""
    if path.is_dir() or not path.exists():
        return True
    return os.access(path, os.R_OK)
