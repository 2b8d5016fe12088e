# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of indexes, as different servers write them."""

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.simple_page import Link, SimplePage

URL = "https://index.test/root/simple/alpha/"
NAME = "alpha-1.0+x-py3-none-any.whl"
SHA = "ab" * 32
JSON = "application/vnd.pypi.simple.v1+json"

PAGES = [
    ("text/html", f'<a href="../../files/alpha-1.0%2Bx-py3-none-any.whl#sha256={SHA}">x</a>', "root/files", SHA),
    ("text/html; charset=utf-8", f'<A HREF="/f/alpha-1.0%2Bx-py3-none-any.whl#SHA256={SHA}">x</A>', "f", None),
    ("text/html", '<a>none</a><a href="alpha-1.0%2Bx-py3-none-any.whl#md5=00">x</a>', "root/simple/alpha", None),
    (
        "text/html",
        f'<base href="/b/"><a href="c/alpha-1.0%2Bx-py3-none-any.whl#sha256={SHA.upper()}">x</a>',
        "b/c",
        SHA,
    ),
    (
        JSON,
        f'{{"files": [1, {{"url": "/j/alpha-1.0%2Bx-py3-none-any.whl", "hashes": {{"sha256": "{SHA}"}}}}]}}',
        "j",
        SHA,
    ),
    (JSON, '{"files": [{"url": "/j/alpha-1.0%2Bx-py3-none-any.whl", "hashes": {}}]}', "j", None),
]


@pytest.mark.parametrize(("kind", "body", "folder", "sha256"), PAGES)
def test_links(kind: str, body: str, folder: str, sha256: str | None) -> None:
    page = SimplePage.parse(URL, kind, body.encode())
    expected = Link(f"https://index.test/{folder}/alpha-1.0%2Bx-py3-none-any.whl", NAME, sha256)
    assert page.links == (expected,)
    assert page.find(NAME, SHA) == expected
    assert page.find(NAME, "cd" * 32) == (None if sha256 else expected)
    assert page.other(NAME) == expected


@pytest.mark.parametrize("body", ["[]", "{}", "{", '{"files": {}}'])
def test_what_is_no_page(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SimplePage.parse(URL, JSON, body.encode())


def test_a_name_that_the_link_does_not_tell() -> None:
    """PEP 691 has it beside the link."""
    page = SimplePage.parse(URL, JSON, f'{{"files": [{{"filename": "{NAME}", "url": "/dl?id=77"}}]}}'.encode())
    assert page.find(NAME, SHA) == Link("https://index.test/dl?id=77", NAME, None)
