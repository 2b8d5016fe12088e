# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for git, and what a server's refusal is told as: never the secret, and never among arguments."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import replace_in, write_tree
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit, publish, served
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="there is no git")

PASSWORD = "s3cret%pw"
ESCAPED = "s3cret%25pw"


class Private:
    """A project whose one dependency lies in a repository on a server; `url` is that of one that wants a password."""

    def __init__(self, folder: Path, index: Index, open_url: str, url: str) -> None:
        self.collect = Collect(folder, index)
        self.url = url
        self.arguments = folder / "arguments"
        commit(folder / "repo", source_tree("gitted"))
        publish(folder / "repo", folder / "served" / "repo.git")
        self.collect.make("gitted", extra=f'\n[tool.uv.sources]\ngitted = {{ git = "{open_url}/repo.git" }}\n')
        self.name(open_url, url)
        script = f'#!/bin/sh\necho "$@" >> {self.arguments}\nexec {shutil.which("git")} "$@"\n'
        write_tree(folder / "bin", {"git": script})
        (folder / "bin" / "git").chmod(0o755)
        self.path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def name(self, old: str, new: str) -> None:
        for name in ("pyproject.toml", "uv.lock"):
            replace_in(self.collect.project / name, old, new)

    def __call__(self, **options: Any) -> Result:
        return self.collect(frozen=True, environment={"PATH": self.path}, **options)

    def assert_no_secret(self, result: Result, *secrets: str) -> None:
        for secret in (PASSWORD, ESCAPED, *secrets):
            assert secret not in self.arguments.read_text(encoding="utf-8")
            assert secret not in json.dumps(result.data)
            assert secret not in result.output
            for folder in (self.collect.wheelhouse, self.collect.stage):
                for path in folder.rglob("*"):
                    assert not path.is_file() or secret.encode() not in path.read_bytes(), path


@pytest.fixture
def private(tmp_path: Path, index: Index) -> Iterator[Private]:
    (tmp_path / "served").mkdir()
    with served(tmp_path / "served") as open_url, served(tmp_path / "served", f"user:{PASSWORD}") as url:
        yield Private(tmp_path, index, open_url, url)


@pytest.mark.parametrize("given", ["option", "pyproject.toml", "lock", "netrc", "mirror"])
def test_git_gets_a_password(given: str, private: Private) -> None:
    options: dict[str, Any] = {}
    with_password = private.url.replace("://", f"://user:{ESCAPED}@")
    if given == "option":
        options["credentials"] = [{"url": private.url, "username": "user", "password": PASSWORD}]
    elif given == "pyproject.toml":
        replace_in(private.collect.project / "pyproject.toml", private.url, with_password)
    elif given == "lock":
        replace_in(private.collect.project / "uv.lock", private.url, with_password)
    elif given == "netrc":
        write_tree(private.collect.module.home, {".netrc": f"machine 127.0.0.1 login user password {PASSWORD}\n"})
        (private.collect.module.home / ".netrc").chmod(0o600)
    else:
        private.name(private.url, "https://git.test/team")
        options["mirrors"] = {"https://git.test/team": with_password}
    result = private(**options)
    assert not result.failed, result.msg
    (wheel,) = result["wheels"]
    assert wheel["origin"]["url"] == ("https://git.test/team" if given == "mirror" else private.url) + "/repo.git"
    private.assert_no_secret(result)


def test_no_password_of_an_option_is_told(index: Index, tmp_path: Path) -> None:
    """Ansible returns all options with a result. A quote may stand in a URL as it is."""
    make_wheel(index.folder, "alpha")
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    result = collect.succeed(
        build_index="https://user:one's3cret@index.test/simple",
        mirrors={"https://user:two's3cret@nowhere.test/": "https://user:three's3cret%25@mirror.test/"},
        ship_from={"https://user:four's3cret@nowhere.test/": "https://user:five's3cret@mirror.test/"},
        ship="built",
    )
    assert "https://nowhere.test/" in result["invocation"]["module_args"]["mirrors"]
    assert "s3cret" not in result.output


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("given", ["nothing", "option"])
def test_git_is_refused(given: str, status: int, private: Private) -> None:
    options: dict[str, Any] = {}
    with served(private.collect.folder / "served", f"user:{PASSWORD}", status) as url:
        private.name(private.url, url)
        if given == "option":
            options["credentials"] = [{"url": url, "username": "user", "password": "wr0ng"}]
        result = private(**options)
    assert result.failed
    # git is asked with what it has when the server says that it wants something, which 403 does not.
    wanted = "does not accept the credentials from option credentials" if given == "option" else "wants credentials"
    assert f"git at {url} {wanted}" in result.msg
    assert f"(HTTP {status})" in result.msg
    assert f"It keeps back gitted from {url}/repo.git at" in result.msg
    assert ("name it in credentials (uv_deploy_credentials), or give 127.0.0.1 in netrc" in result.msg) == (not options)
    private.assert_no_secret(result, "wr0ng")


def test_a_password_goes_to_no_other_server(private: Private) -> None:
    with served(private.collect.folder / "served", f"user:{PASSWORD}") as other:
        result = private(credentials=[{"url": other, "username": "user", "password": PASSWORD}])
    assert f"git at {private.url} wants credentials" in result.msg


@pytest.mark.parametrize("given", ["nothing", "option"])
@pytest.mark.parametrize("what", ["a build", "uv"])
def test_uv_is_refused(what: str, given: str, index: Index, tmp_path: Path) -> None:
    """By an index for builds, which uv itself asks."""
    make_sdist(index.folder, "delta", build_requires=["helper"])
    make_wheel(index.folder, "helper")
    collect = Collect(tmp_path, index)
    collect.make("delta")
    with Index(tmp_path / "private", credentials=("user", PASSWORD)) as private:
        options: dict[str, Any] = {"build_index": private.url, "frozen": True}
        if what == "uv":
            options.update(uv="0.9.9", no_install_package=["delta"])
        if given == "option":
            options["credentials"] = [{"url": private.origin, "username": "user", "password": "wr0ng"}]
        result = collect(**options)
    assert result.failed
    if given == "option":
        todo = "does not accept the credentials from option credentials (uv_deploy_credentials) (HTTP 401)"
    else:
        todo = "wants credentials (HTTP 401): name it in credentials (uv_deploy_credentials), or give 127.0.0.1 in"
    assert f"{private.origin} {todo}" in result.msg
    assert ("It keeps back uv 0.9.9." if what == "uv" else "Building delta-1.0.tar.gz") in result.msg
    assert "wr0ng" not in result.output


def test_a_lock_that_uv_may_not_check(index: Index, tmp_path: Path) -> None:
    """It asks the index what a changed project would be locked to."""
    make_wheel(index.folder, "alpha")
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    replace_in(collect.project / "pyproject.toml", '["alpha"]', '["alpha", "beta"]')
    index.credentials = ("user", PASSWORD)
    said = collect().msg
    assert said.startswith(f"Whether {collect.project / 'uv.lock'} is up to date cannot be checked. `frozen: true`")
    assert f"{index.origin} wants credentials (HTTP 401): name it in credentials (uv_deploy_credentials)" in said
