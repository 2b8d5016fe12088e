# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which credentials go where, and what is said where they lack."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.accounts import Accounts
from ansible_collections.airgap.uv.plugins.module_utils.index import Index

INTERNAL = Index("in.ternal", "https://index.test/team/simple")
UNNAMED = Index(None, "https://user:url%40s3cret@other.test/simple")
VARIABLES = {"UV_INDEX_IN_TERNAL_USERNAME": "user", "UV_INDEX_IN_TERNAL_PASSWORD": "env-s3cret"}


def accounts(*given: dict[str, Any], **environ: str) -> Accounts:
    return Accounts.parse([{"username": "user", **item} for item in given], [INTERNAL, UNNAMED], environ)


CASES = [
    ([], {}, "https://index.test/team/simple/alpha/", None),
    ([], VARIABLES, "https://index.test/files/alpha.whl", "env-s3cret"),
    ([], VARIABLES, "https://evil.test/team/simple/", None),
    ([], VARIABLES, "http://index.test/team/simple/", None),
    ([], VARIABLES, "https://index.test:8443/team/simple/", None),
    ([], {}, "https://other.test/files/alpha.whl", "url@s3cret"),
    ([{"index": "in.ternal", "password": "given"}], VARIABLES, "https://index.test/files/alpha.whl", "given"),
    ([{"url": "https://index.test", "password": "given"}], VARIABLES, "https://index.test/team/simple/a/", "given"),
    (
        [{"url": "https://m.test/a", "password": "for-a"}, {"url": "https://m.test/b/c", "password": "for-b"}],
        {},
        "https://m.test/b/+f/x.whl",
        "for-b",
    ),
]


@pytest.mark.parametrize(("given", "environ", "url", "password"), CASES)
def test_auth(given: list[dict[str, Any]], environ: dict[str, str], url: str, password: str | None) -> None:
    assert accounts(*given, **environ).auth(url) == (("user", password) if password else None)


SENTENCES = [
    (
        accounts(),
        "https://index.test/files/alpha.whl",
        "index in.ternal (https://index.test/team/simple) wants credentials (HTTP 401): set "
        "UV_INDEX_IN_TERNAL_USERNAME and UV_INDEX_IN_TERNAL_PASSWORD, or name it in credentials "
        "(uv_deploy_credentials), or give index.test in netrc",
    ),
    (
        accounts(),
        "https://mirror.test/f/alpha.whl",
        "https://mirror.test wants credentials (HTTP 401): name it in credentials (uv_deploy_credentials), "
        "or give mirror.test in netrc",
    ),
    (
        accounts(**VARIABLES),
        "https://index.test/files/alpha.whl",
        "index in.ternal (https://index.test/team/simple) does not accept the credentials from "
        "UV_INDEX_IN_TERNAL_USERNAME and UV_INDEX_IN_TERNAL_PASSWORD (HTTP 401); put them right",
    ),
    (
        accounts({"url": "https://mirror.test", "password": "s3cret"}),
        "https://mirror.test/f/alpha.whl",
        "https://mirror.test does not accept the credentials from option credentials (uv_deploy_credentials) "
        "(HTTP 401); put them right",
    ),
]


@pytest.mark.parametrize(("known", "url", "says"), SENTENCES)
def test_sentence(known: Accounts, url: str, says: str) -> None:
    assert known.sentence(url, "HTTP 401") == says


def test_environment_for_uv() -> None:
    mirror = "https://mirror.test/simple"
    known = accounts({"index": "in.ternal", "password": "a"}, {"url": mirror, "password": "b"})
    assert known.argument(mirror) == f"airgap-uv={mirror}"
    assert known.environ(mirror) == {
        "UV_INDEX_IN_TERNAL_USERNAME": "user",
        "UV_INDEX_IN_TERNAL_PASSWORD": "a",
        "UV_INDEX_AIRGAP_UV_USERNAME": "user",
        "UV_INDEX_AIRGAP_UV_PASSWORD": "b",
    }
    assert known.argument(INTERNAL.url) == f"in.ternal={INTERNAL.url}"
    assert known.argument("https://free.test/simple") == "https://free.test/simple"
    assert known.argument(UNNAMED.url) == "airgap-uv=https://other.test/simple"


REFUSED = [
    ({"index": "stranger"}, "it has in.ternal"),
    ({"url": "mirror.test"}, "give a URL"),
]


@pytest.mark.parametrize(("item", "says"), REFUSED)
def test_refused(item: dict[str, str], says: str) -> None:
    with pytest.raises(errors.OptionInvalid, match=says):
        accounts({**item, "password": "s3cret"})


UV_SAYS = {
    "0.10, in lines": (
        "      hint: An index URL (https://index.test/simple) could not\n      be queried due to a lack of valid "
        "authentication credentials (401\n      Unauthorized).",
        401,
    ),
    "0.13": (
        "hint: An index URL (https://index.test/simple) could not be queried due to a lack of valid authentication "
        "credentials (401 Unauthorized)",
        401,
    ),
    "0.10, 403": ("hint: An index URL (https://index.test/simple) returned a\n 403 Forbidden error. This could", 403),
    "0.13, 403": ("hint: An index (https://index.test/simple) returned a 403 Forbidden error. Check that", 403),
    "a file": (
        "  cause: HTTP status client error (401 Unauthorized) for url (https://index.test/files/a-1.0-py3-none-any.whl)",
        401,
    ),
    "no such file": ("cause: HTTP status client error (404 Not Found) for url (https://index.test/files/a.whl)", 0),
    "a failed build": ("error: Failed to build `delta` (401 of 402 files) at (https://index.test/simple)", 0),
}


@pytest.mark.parametrize("version", UV_SAYS)
def test_what_uv_says(version: str) -> None:
    said, status = UV_SAYS[version]
    told = Accounts.parse([], [Index("corp", "https://index.test/simple")], {}).told_by_uv(f"error: no\n{said}")
    wanted = f"index corp (https://index.test/simple) wants credentials (HTTP {status}): set UV_INDEX_CORP_USERNAME"
    assert told.startswith(wanted) if status else told == ""


def test_who_is_who_for_git() -> None:
    """What was given, then what the URL has, what pyproject.toml has, and what is known of an index on that server."""
    url = "https://git.test/team/a.git"
    index = Index("corp", "https://git.test/index/simple")
    environ = {"UV_INDEX_CORP_USERNAME": "i", "UV_INDEX_CORP_PASSWORD": "index"}
    given = [{"url": "https://git.test", "index": None, "username": "g", "password": "given"}]
    pyproject = ["https://p:pyproject@git.test/team/b.git"]
    everything = Accounts.parse(given, [index], environ, repositories=pyproject)
    assert everything.git_auth("https://u:own@git.test/team/a.git") == ("g", "given")
    found = Accounts.parse([], [index], environ, repositories=pyproject)
    assert found.git_auth("https://u:own@git.test/team/a.git") == ("u", "own")
    assert found.git_auth(url) == ("p", "pyproject")
    assert Accounts.parse([], [index], environ).git_auth(url) == ("i", "index")
    assert found.git_auth("https://other.test/a.git") is None
    assert "git at https://git.test does not accept the credentials from the URL in pyproject.toml (HTTP 403)" in (
        found.git_sentence(url, "HTTP 403")
    )
