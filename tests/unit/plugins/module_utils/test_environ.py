# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.environ import (
    clean,
    for_index,
    housed,
    of_machine,
    secrets,
)

KEPT = [
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "LANG",
    "NETRC",
    "NO_PROXY",
    "PATH",
    "PYTHONUTF8",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SSL_CLIENT_CERT",
    "TMPDIR",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_CREDENTIALS_DIR",
    "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX_INTERNAL_PASSWORD",
    "UV_INDEX_INTERNAL_USERNAME",
    "UV_KEYRING_PROVIDER",
    "UV_LOCK_TIMEOUT",
    "UV_NATIVE_TLS",
    "UV_REQUEST_TIMEOUT",
    "UV_SYSTEM_CERTS",
    "https_proxy",
]
DROPPED = [
    "CONDA_PREFIX",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
    "PIP_CONFIG_FILE",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "UV_CACHE_DIR",
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_FIND_LINKS",
    "UV_HTTP_TIMEOUT_OF_SOMETHING_ELSE",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_NO_BINARY",
    "UV_NO_VERIFY_HASHES",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_RESOLUTION",
    "UV_SYSTEM_PYTHON",
    "UV_WORKING_DIR",
    "VIRTUAL_ENV",
]


@pytest.mark.parametrize("name", KEPT)
def test_keeps_who_one_is_and_how_the_network_is_reached(name: str) -> None:
    assert clean({name: "value"}) == {name: "value"}


@pytest.mark.parametrize("name", DROPPED)
def test_drops_what_says_which_packages_and_where(name: str) -> None:
    assert clean({name: "value"}) == {}


def test_leaves_its_argument_alone() -> None:
    environ = {"PATH": "/bin", "UV_INDEX": "https://elsewhere.test/simple"}
    assert clean(environ) == {"PATH": "/bin"}
    assert environ == {"PATH": "/bin", "UV_INDEX": "https://elsewhere.test/simple"}


def test_a_build_has_a_home_of_its_own_and_finds_what_is_in_the_user_s(tmp_path: Path) -> None:
    user, own = tmp_path / "user", tmp_path / "own"
    (user / ".rustup").mkdir(parents=True)
    (user / ".netrc").touch()
    own.mkdir()
    found = housed({"HOME": str(user), "NETRC": "/etc/netrc"}, own)
    assert found == {"HOME": str(own / "home"), "TMPDIR": str(own / "tmp"), "RUSTUP_HOME": str(user / ".rustup")}
    assert (own / "home").is_dir()
    assert (own / "tmp").is_dir()
    assert housed({"HOME": str(user)}, own)["NETRC"] == str(user / ".netrc")


def test_without_a_network_nothing_says_how_it_is_reached() -> None:
    given = {"PATH": "/bin", "CFLAGS": "-O0", "https_proxy": "x", "NETRC": "x", "UV_INDEX_X_PASSWORD": "x"}
    assert of_machine(given, network=False) == {"PATH": "/bin"}
    assert sorted(of_machine(given)) == ["NETRC", "PATH", "UV_INDEX_X_PASSWORD", "https_proxy"]


SECRETS = {
    "UV_INDEX_MY_OWN_PASSWORD": "one",
    "UV_INDEX_OTHER_PASSWORD": "two",
    "UV_API_KEY": "three",
    "UV_AUTH_TOKEN": "four",
    "UV_GITHUB_TOKEN": "five",
}


@pytest.mark.parametrize(
    ("index", "seen"),
    [
        ("my-own=https://index.test/simple", {"one"}),
        ("https://index.test/simple?x=other", set()),
        ("https://api.pyx.dev/simple/acme/main", {"three", "four"}),
        ("other=https://api.pyx.dev/simple/acme/main", {"two", "three", "four"}),
        ("https://notpyx.dev/simple", set()),
        ("/a/folder", set()),
        (None, set()),
    ],
)
def test_credentials_are_for_their_own_index(index: str | None, seen: set[str]) -> None:
    rest = {"UV_INDEX_OTHER_URL": "x", "NETRC": "/netrc"}
    found = for_index({**SECRETS, **rest}, index)
    assert {value for name, value in found.items() if name in SECRETS} == seen
    assert rest.items() <= found.items()


def test_what_is_secret() -> None:
    shown = {"UV_INDEX_OTHER_USERNAME": "user", "UV_HTTP_TIMEOUT": "30", "UV_INDEX_EMPTY_PASSWORD": ""}
    assert secrets({**SECRETS, **shown}) == {"one", "two", "three", "four", "five"}
