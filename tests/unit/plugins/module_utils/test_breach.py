# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.breach import asked, lacked, wanted_network, written_elsewhere

# What programs say when they may not write, with Python's traceback before it or not.
WRITTEN = [
    ("PermissionError: [Errno 13] Permission denied: '/srv/none/x'", "/srv/none/x"),
    ("sh: 1: cannot create /srv/none/x: Permission denied", "/srv/none/x"),
    ("bash: /srv/none/x: Permission denied", "/srv/none/x"),
    ("mkdir: cannot create directory \u2018/srv/none/x\u2019: Permission denied", "/srv/none/x"),
    ("cp: cannot create regular file '/srv/none/x y': Permission denied", "/srv/none/x y"),
    ("error: failed to write `/srv/none/x`: Permission denied (os error 13)", "/srv/none/x"),
    ('  File "/srv/none/setup.py", line 1: Permission denied', None),
    ("PermissionError: [Errno 13] Permission denied: 'relative'", None),
    ("sh: 1: ./configure: Permission denied", None),
    ("urllib.error.URLError: <urlopen error [Errno 13] Permission denied>", None),
    ("FileNotFoundError: [Errno 2] No such file or directory: '/srv/none/x'", None),
]


@pytest.mark.parametrize(("line", "path"), WRITTEN)
def test_what_was_written_to(line: str, path: str | None) -> None:
    assert written_elsewhere(f"begins\n{line}\nends", ()) == path


def test_what_can_be_no_path() -> None:
    assert written_elsewhere(f"sh: '/{'x' * 9000}': Permission denied", ()) is None


def test_its_own_folder_is_not_elsewhere(tmp_path: Path) -> None:
    line = f"PermissionError: [Errno 13] Permission denied: '{tmp_path}/x'"
    assert written_elsewhere(line, [tmp_path]) is None
    assert written_elsewhere(line, [tmp_path / "own"]) == f"{tmp_path}/x"


@pytest.mark.parametrize(
    ("output", "asks"),
    [
        ("EOFError: EOF when reading a line", True),
        ("OSError: [Errno 6] No such device or address: '/dev/tty'", True),
        ("sh: 1: cannot open /dev/tty: No such device or address", True),
        ("fatal: could not read Username for 'https://git.test': No such device or address", True),
        ("zlib.error: EOFError", False),
    ],
)
def test_who_asks(output: str, asks: bool) -> None:
    assert asked(output) is asks


@pytest.mark.parametrize(
    "line",
    [
        "curl: (6) Could not resolve host: files.test",
        "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        "OSError: [Errno 101] Network is unreachable",
        "fatal: unable to access 'https://git.test/x/': Could not resolve host: git.test",
        "  [6] Could not resolve hostname (Could not resolve host: index.test)",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "urllib.error.URLError: <urlopen error [Errno 13] Permission denied>",
        "dns error: failed to lookup address information",
    ],
)
def test_who_wants_the_network(line: str) -> None:
    assert wanted_network(f"begins\n{line}\n\nends") == line.strip()
    assert wanted_network("error: the header frobnicate.h was not found") is None


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("  \u2570\u2500\u25b6 Because helper was not found in the provided package locations and", "helper"),
        ("Because there is no version of helper>=2 and you require helper>=2, we can conclude", "helper"),
        ("Because you require helper>=2 and helper==1, we can conclude", "helper"),
        ("Hash-checking is enabled, but no hashes were provided or computed for: helper==1.5", "helper"),
        ("error: the header frobnicate.h was not found", None),
    ],
)
def test_what_is_lacking(output: str, name: str | None) -> None:
    assert lacked(output) == name
