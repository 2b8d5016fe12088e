# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands for a URL of the lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.mirrors import Mirrors, Way

FILE = "https://files.test/packages/ab/alpha-1.0%2Bx-py3-none-any.whl"
NAME = "alpha-1.0+x-py3-none-any.whl"
INDEX = "https://index.test/simple"


def ways(mirrors: dict[str, str], url: str = FILE) -> list[Way]:
    return list(Mirrors.parse(mirrors).ways(url, NAME, "alpha", INDEX))


CASES = [
    ({}, []),
    ({"https://elsewhere.test": "https://m.test"}, []),
    ({"https://files.test/pack": "https://m.test"}, []),  # only whole parts of a path
    (
        {"https://files.test/packages": "https://m.test/p"},
        [Way(url="https://m.test/p/ab/alpha-1.0%2Bx-py3-none-any.whl")],
    ),
    (
        {"https://files.test/": "https://short.test", "https://files.test/packages/": "https://long.test/"},
        [Way(url="https://long.test/ab/alpha-1.0%2Bx-py3-none-any.whl")],
    ),
    ({INDEX: "https://m.test/+simple/"}, [Way(page="https://m.test/+simple")]),
    ({"https://index.test": "https://m.test/root"}, [Way(page="https://m.test/root/simple")]),
    (
        {"https://files.test": "https://m.test/f", INDEX: "https://m.test/s"},
        [
            Way(url="https://m.test/f/packages/ab/alpha-1.0%2Bx-py3-none-any.whl"),
            Way(page="https://m.test/s"),
        ],
    ),
    ({"https://user:s3cret@files.test/packages": "https://m.test"}, [Way(url="https://m.test" + FILE[27:])]),
    ({"https://files.test": "https://user:s3cret@m.test"}, [Way(url="https://m.test" + FILE[18:])]),
]


@pytest.mark.parametrize(("mirrors", "expected"), CASES)
def test_ways(mirrors: dict[str, str], expected: list[Way]) -> None:
    assert ways(mirrors) == expected


def test_folders(tmp_path: Path) -> None:
    there = str(tmp_path)
    assert ways({"https://files.test/packages": there}) == [Way(paths=(tmp_path / "ab" / NAME, tmp_path / NAME))]
    assert ways({INDEX: tmp_path.as_uri()}) == [Way(paths=(tmp_path / "alpha" / NAME, tmp_path / NAME))]


def test_no_url_leads_out_of_a_folder(tmp_path: Path) -> None:
    for path in ("../../etc/passwd", "%2e%2e/passwd", "a%2F..%2F..%2Fpasswd", "a%00b"):
        found = ways({"https://files.test": str(tmp_path)}, f"https://files.test/{path}")
        assert found == [Way(paths=(tmp_path / NAME,))]


def test_the_page_of_a_file_is_not_the_file() -> None:
    """The origin of uv's own wheel, when it comes from a mirror."""
    assert ways({"https://index.test": "https://m.test"}, f"{INDEX}/uv/#uv.whl") == [Way(page="https://m.test/simple")]


REFUSED = [
    ({"files.test": "https://m.test"}, "files.test"),
    ({"https://files.test": "m.test/simple"}, "a URL"),
    ({"https://files.test": "ftp://user:s3cret@m.test/simple"}, "a URL"),
    ({"https://files.test": "/nowhere/at/all"}, "no such folder"),
]


@pytest.mark.parametrize(("mirrors", "says"), REFUSED)
def test_refused(mirrors: dict[str, str], says: str) -> None:
    with pytest.raises(errors.OptionInvalid, match=says) as caught:
        Mirrors.parse(mirrors)
    assert "s3cret" not in str(caught.value)


def test_index() -> None:
    mirrors = Mirrors.parse({"https://index.test": "https://m.test/root", "https://folder.test": "/tmp"})
    assert mirrors.index(f"{INDEX}/") == "https://m.test/root/simple/"
    assert mirrors.index("https://folder.test/") == Path("/tmp")
    assert mirrors.index("https://other.test/simple") is None
