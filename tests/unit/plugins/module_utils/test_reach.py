# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.reach import ServerInvalid, unreachable

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_those_that_nobody_listens_at(listening: str, closed: str) -> None:
    found = unreachable([f"http://{listening}", f"https://{closed}"])
    assert found == {f"https://{closed}": f"{closed}: Connection refused"}


def test_a_name_that_nobody_knows() -> None:
    assert list(unreachable(["https://index.invalid"])) == ["https://index.invalid"]


# the variables of the environment, and whether a server behind the proxy counts as reached
@pytest.mark.parametrize(
    ("variables", "reached"),
    [
        ({"https_proxy": "http://{listening}"}, True),
        ({"https_proxy": "{listening}"}, True),
        ({"ALL_PROXY": "socks5://{listening}"}, True),
        ({"https_proxy": "http://{closed}"}, False),
        ({"https_proxy": "http://{listening}", "no_proxy": "127.0.0.1"}, False),
        ({"http_proxy": "http://{listening}"}, False),
    ],
)
def test_a_proxy_stands_for_the_server(
    variables: dict[str, str], reached: bool, listening: str, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(listening=listening, closed=closed))
    assert (not unreachable([f"https://{closed}"])) is reached


@pytest.mark.parametrize("url", ["index.test", "ftp://index.test", "https://", "https://index.test:port"])
def test_what_is_no_server(url: str) -> None:
    with pytest.raises(ServerInvalid, match="is no URL of a server"):
        unreachable([url])
