# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is who where: credentials by URL, for this collection's requests and for uv's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.environ import variables
from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.index import Index
from ansible_collections.airgap.uv.plugins.module_utils.libraries import requests

# The name that an index gets for uv's variables when the project gives it none.
_UNNAMED = "airgap-uv"


# uv's words where an index, or a file of one, wants credentials, from 0.9 to 0.13.
_UV_SAYS = re.compile(
    r"\((?P<index>https?://[^\s)]+)\) (?:could not be queried due to a lack of valid authentication credentials \("
    r"|returned a )(?P<status>40[13]) |\((?P<code>40[13]) [\w ]+\) for url \((?P<file>https?://[^\s)]+)\)"
)


@dataclass(frozen=True)
class Account:
    """User and password for `url` and what is near it on its host. `said`: where they were given."""

    url: str  # without credentials
    username: str
    password: str
    said: str

    @property
    def auth(self) -> tuple[str, str]:
        return self.username, self.password


@dataclass(frozen=True)
class Accounts:
    """All that is known. Those `given` as an option go before those that were `found`."""

    given: tuple[Account, ...] = ()
    found: tuple[Account, ...] = ()
    indexes: tuple[Index, ...] = ()
    repositories: tuple[Account, ...] = ()  # of git, found

    @classmethod
    def parse(
        cls,
        given: Sequence[Mapping[str, Any]],
        indexes: Iterable[Index],
        environ: Mapping[str, str],
        urls: Mapping[str, str] | None = None,
        repositories: Iterable[str] = (),
    ) -> Accounts:
        """`given`: option `credentials`; `urls`: further URLs by the option that names them, with or without any.

        `repositories`: URLs of git repositories in `pyproject.toml`; uv leaves their credentials out of the lock.
        """
        known = tuple(indexes)
        options = tuple(Account(_place(item, known), item["username"], item["password"], _OPTION) for item in given)
        found = [account for index in known for account in _of_index(index, environ)]
        found += [account for url, option in (urls or {}).items() for account in _of_url(url, f"option {option}")]
        of_git = tuple(account for url in repositories for account in _of_url(url, _PYPROJECT))
        return cls(options, tuple(found), known, of_git)

    def auth(self, url: str) -> tuple[str, str] | None:
        """User and password to send to a URL; None leaves it to netrc."""
        account = self._of(url)
        return account.auth if account else None

    def git_auth(self, url: str) -> tuple[str, str] | None:
        """User and password for a git repository; its own URL may have them."""
        account = self._of_git(url)
        return account.auth if account else None

    def git_sentence(self, url: str, status: str) -> str:
        """As `sentence`, of a git repository."""
        account = self._of_git(url)
        return _said(f"git at {_server(url)}", [], url, status, account.said if account else "")

    def environ(self, index: str | None = None) -> dict[str, str]:
        """uv's variables for the project's indexes, and for the one that `argument` names."""
        wanted = {each.name: each.url for each in self.indexes if each.name}
        if index:
            wanted.setdefault(self._name(index) or _UNNAMED, index)
        found: dict[str, str] = {}
        for name, url in wanted.items():
            account = self._of(url)
            if account:
                found.update(zip(variables(name), account.auth))
        return found

    def argument(self, index: str) -> str:
        """An index as uv's `--default-index` takes it: `name=url` where its credentials are in `environ`, no secret."""
        bare = without_credentials(index)
        name = self._name(index) or (_UNNAMED if self._of(index) else "")
        return f"{name}={bare}" if name else bare

    def _name(self, url: str) -> str | None:
        """What the project calls an index."""
        bare = without_credentials(url).rstrip("/")
        return next((each.name for each in self.indexes if without_credentials(each.url).rstrip("/") == bare), None)

    def sentence(self, url: str, status: str) -> str:
        """What is to be done where a server wants credentials or others than it got; never what they are."""
        index = _nearest(url, self.indexes)
        named = index.name if index else None
        server = _server(url)
        shown = f"index {named} ({without_credentials(index.url)})" if index and named else server
        account = self._of(url)
        ways = [f"set {' and '.join(variables(named))}"] if named else []
        return _said(shown, ways, url, status, account.said if account else "")

    def told_by_uv(self, output: str) -> str:
        """As `sentence`, of an index of which uv says that it wants credentials; else nothing."""
        found = _UV_SAYS.search(" ".join(output.split()))
        if not found:
            return ""
        return self.sentence(found["index"] or found["file"], f"HTTP {found['status'] or found['code']}")

    def _of_git(self, url: str) -> Account | None:
        return _first(url, self.given, [*_of_url(url, _OWN)], self.repositories, self.found)

    def _of(self, url: str) -> Account | None:
        return _first(url, self.given, [*_of_url(url, _OWN)], self.found)


def _first(url: str, *known: Sequence[Account]) -> Account | None:
    return next((found for each in known if (found := _nearest(url, each))), None)


def _said(shown: str, ways: list[str], url: str, status: str, sent: str) -> str:
    sent = sent or ("netrc" if requests.utils.get_netrc_auth(without_credentials(url)) else "")
    if sent:
        return f"{shown} does not accept the credentials from {sent} ({status}); put them right"
    ways = [*ways, f"name it in credentials ({_VARIABLE})", f"give {urlsplit(url).hostname} in netrc"]
    return f"{shown} wants credentials ({status}): {', or '.join(ways)}"


_VARIABLE = "uv_deploy_credentials"
_OWN = "its URL"
_PYPROJECT = "the URL in pyproject.toml"
_OPTION = f"option credentials ({_VARIABLE})"


def _place(item: Mapping[str, Any], indexes: Sequence[Index]) -> str:
    if item.get("url"):
        if not re.match(r"https?://[^/]", item["url"]):
            raise OptionInvalid(
                "credentials", without_credentials(item["url"]), "give a URL, such as https://index.example"
            )
        return without_credentials(item["url"])
    for index in indexes:
        if index.name == item["index"]:
            return without_credentials(index.url)
    known = ", ".join(index.name for index in indexes if index.name) or "none"
    raise OptionInvalid("credentials", item["index"], f"the project names no such index; it has {known}")


def _of_index(index: Index, environ: Mapping[str, str]) -> Iterable[Account]:
    if index.name:
        user, password = (environ.get(variable, "") for variable in variables(index.name))
        if user or password:
            said = " and ".join(variables(index.name))
            return [Account(without_credentials(index.url), user, password, said)]
    return _of_url(index.url, _PYPROJECT)


def _of_url(url: str, said: str) -> Iterable[Account]:
    parts = urlsplit(url)
    if not parts.username and not parts.password:
        return []
    return [Account(without_credentials(url), unquote(parts.username or ""), unquote(parts.password or ""), said)]


def _nearest(url: str, known: Sequence[Any]) -> Any:
    """Of those with a `url` on the same server the one whose path has most in common; the first of equal ones.

    An index and its files lie on one server, and seldom below one path.
    """
    same = [item for item in known if _server(item.url) == _server(url)]
    return max(same, key=lambda item: _common(item.url, url), default=None)


def _common(one: str, other: str) -> int:
    pairs = zip(urlsplit(one).path.split("/"), urlsplit(other).path.split("/"))
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _server(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
