# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock made at one index, collected at another site: mirrors, folders, and who may read them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import lock, replace_in, uv_executable, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, tamper

ALPHA = "alpha-1.0-py3-none-any.whl"
BETA = "beta-2.0-py3-none-any.whl"
UV = f"uv-0.9.9-py3-none-manylinux_2_17_{ARCH}.whl"
PASSWORD = "s3cret"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """A project that is locked already: a wheel that needs another, and an sdist whose build needs a third."""
    make_wheel(index.folder, "alpha")
    make_wheel(index.folder, "beta", "2.0", requires=["alpha"])
    make_wheel(index.folder, "helper")
    make_wheel(
        index.folder,
        "uv",
        "0.9.9",
        tag=f"py3-none-manylinux_2_17_{ARCH}",
        files={"uv-0.9.9.data/scripts/uv": "#!/bin/sh\n"},
    )
    make_sdist(index.folder, "delta", build_requires=["helper"], prelude="import helper")
    made = Collect(tmp_path, index)
    made.make("beta", "delta")
    return made


@pytest.fixture
def mirror(collect: Collect) -> Iterator[Index]:
    """Another server with the same files; the index of the lock is gone."""
    folder = Path(shutil.copytree(collect.index.folder, collect.folder / "mirror"))
    collect.index.stop()
    with Index(folder) as served:
        yield served


def assert_no_secret(collect: Collect, result: Result) -> None:
    assert PASSWORD not in json.dumps(result.data)
    assert PASSWORD not in result.output
    for folder in (collect.wheelhouse, collect.stage):
        for path in folder.rglob("*"):
            if path.is_file():
                assert PASSWORD.encode() not in path.read_bytes(), path


def manifest(collect: Collect) -> bytes:
    return (collect.wheelhouse / "wheelhouse.json").read_bytes()


@pytest.mark.parametrize("api", ["json", "html"])
@pytest.mark.parametrize("how", ["by URL", "by page", "by page after 404"])
def test_everything_comes_from_the_mirror(how: str, api: str, collect: Collect, mirror: Index) -> None:
    """Wheels, an sdist, what its build needs, and uv itself."""
    mirror.api = api
    mirrors = {
        "by URL": {collect.index.origin: mirror.origin},
        "by page": {collect.index.url: mirror.url},
        "by page after 404": {collect.index.origin: f"{mirror.origin}/moved", collect.index.url: mirror.url},
    }[how]
    result = collect.succeed(frozen=True, uv="0.9.9", mirrors=mirrors)
    assert {ALPHA, BETA, UV, "delta-1.0.tar.gz", "helper-1.0-py3-none-any.whl"} <= set(mirror.downloads)
    assert mirror.origin.encode() not in manifest(collect)
    assert mirror.origin not in json.dumps({key: value for key, value in result.data.items() if key != "invocation"})
    mirror.stop()
    assert collect.succeed(frozen=True, uv="0.9.9", mirrors=mirrors)["changed"] is False


def test_two_sites_get_the_same(collect: Collect) -> None:
    here = collect.succeed(frozen=True)
    first = manifest(collect)
    shutil.rmtree(collect.wheelhouse)
    folder = Path(shutil.copytree(collect.index.folder, collect.folder / "mirror"))
    collect.index.stop()
    with Index(folder) as mirror:
        there = collect.succeed(frozen=True, mirrors={collect.index.url: mirror.url})
    assert there["stage"]["release"] == here["stage"]["release"]
    assert manifest(collect) == first


def test_two_uv_wheels_of_two_mirrors_have_one_origin(collect: Collect, mirror: Index) -> None:
    for mirrors in ({collect.index.url: mirror.url}, {collect.index.origin: str(mirror.folder)}):
        result = collect.succeed(frozen=True, uv="0.9.9", mirrors=mirrors)
        origins = [wheel["origin"] for wheel in result["wheels"] if wheel["tool"]]
        assert origins == [{"kind": "index", "url": f"{collect.index.url}/uv/#{UV}"}]
        shutil.rmtree(collect.wheelhouse)


@pytest.mark.parametrize("layout", ["flat", "by package"])
def test_a_folder_is_a_mirror(layout: str, collect: Collect, mirror: Index) -> None:
    mirror.stop()
    for path in list(mirror.folder.iterdir()) if layout == "by package" else []:
        place = mirror.folder / path.name.partition("-")[0]
        place.mkdir(exist_ok=True)
        if not path.name.startswith("helper"):  # of the index for builds uv reads one folder
            path.rename(place / path.name)
    result = collect.succeed(frozen=True, mirrors={collect.index.url: str(mirror.folder)})
    assert sorted(wheel["name"] for wheel in result["wheels"]) == ["alpha", "beta", "delta"]


def test_what_a_mirror_has_wrong_is_refused(collect: Collect, mirror: Index) -> None:
    tamper(mirror.folder / BETA)
    by_url = collect(frozen=True, mirrors={collect.index.origin: mirror.origin})
    assert f"(its mirror: {mirror.origin}/files/{BETA}): wanted sha256" in by_url.msg
    by_page = collect(frozen=True, mirrors={collect.index.url: mirror.url})
    assert f"{mirror.url}: it has other bytes there" in by_page.msg
    (mirror.folder / BETA).unlink()
    missing = collect(frozen=True, mirrors={collect.index.url: mirror.url})
    assert f"the mirror does not have it ({mirror.url}: HTTP 404" in missing.msg


def test_what_has_a_mirror_is_asked_for_nowhere_else(collect: Collect, mirror: Index) -> None:
    collect.index.start()
    collect.index.forget()
    (mirror.folder / BETA).unlink()
    assert collect(frozen=True, mirrors={collect.index.origin: mirror.origin}).failed
    assert collect.index.requests == []


# --- who may read it


@pytest.mark.parametrize("given", ["option", "URL", "netrc"])
def test_credentials_of_a_mirror(given: str, collect: Collect, mirror: Index) -> None:
    mirror.credentials = ("user", PASSWORD)
    url = mirror.url
    options: dict[str, Any] = {}
    if given == "option":
        options = {"credentials": [{"url": mirror.origin, "username": "user", "password": PASSWORD}]}
    elif given == "URL":
        url = url.replace("://", f"://user:{PASSWORD}@")
    else:
        write_tree(collect.module.home, {".netrc": f"machine 127.0.0.1 login user password {PASSWORD}\n"})
        (collect.module.home / ".netrc").chmod(0o600)
    result = collect.succeed(frozen=True, uv="0.9.9", mirrors={collect.index.url: url}, **options)
    assert_no_secret(collect, result)


@pytest.mark.parametrize("how", ["a redirect", "a page"])
def test_credentials_of_a_mirror_go_to_no_other_host(how: str, collect: Collect, mirror: Index) -> None:
    mirror.credentials = ("user", PASSWORD)
    with Index(Path(shutil.copytree(mirror.folder, collect.folder / "other"))) as other:
        elsewhere = other.origin.replace("127.0.0.1", "localhost")
        if how == "a redirect":
            mirror.fail(BETA, status=302, headers={"Location": f"{elsewhere}/files/{BETA}"})
        else:
            mirror.files = elsewhere
        options = {"credentials": [{"url": mirror.origin, "username": "user", "password": PASSWORD}]}
        collect.succeed(frozen=True, mirrors={collect.index.url: mirror.url}, **options)
        assert BETA in other.downloads
        assert [each.path for each in other.requests if "authorization" in each.headers] == []


@pytest.mark.parametrize("wrong", [False, True])
def test_an_index_that_lets_nobody_in_is_told_once(wrong: bool, collect: Collect) -> None:
    replace_in(collect.project / "pyproject.toml", "[[tool.uv.index]]\n", '[[tool.uv.index]]\nname = "internal"\n')
    collect.index.credentials = ("user", PASSWORD)
    options: dict[str, Any] = {"no_build": ["delta"], "no_install_package": ["delta"]}
    if wrong:
        options["credentials"] = [{"index": "internal", "username": "user", "password": "0ther"}]
    result = collect(frozen=True, **options)
    assert result.failed
    assert result.msg.count("HTTP 401") == 1
    assert f"index internal ({collect.index.url}) " in result.msg
    if wrong:
        assert "does not accept the credentials from option credentials (uv_deploy_credentials)" in result.msg
        assert "0ther" not in result.output
    else:
        assert "set UV_INDEX_INTERNAL_USERNAME and UV_INDEX_INTERNAL_PASSWORD" in result.msg
    assert "and 1 more" in result.msg


def test_no_credential_among_the_arguments_of_uv(collect: Collect, mirror: Index) -> None:
    """Every user of the machine may read those."""
    log = collect.folder / "arguments"
    script = f'#!/bin/sh\necho "$@" >> {log}\nexec {uv_executable()} "$@"\n'
    program = write_tree(collect.folder / "bin", {"uv": script}) / "uv"
    program.chmod(0o755)
    mirror.credentials = ("user", PASSWORD)
    url = mirror.url.replace("://", f"://user:{PASSWORD}@")
    collect.succeed(
        frozen=True,
        uv="0.9.9",
        uv_executable=program,
        build_index=url,
        mirrors={collect.index.url: url},
    )
    said = log.read_text(encoding="utf-8")
    assert f"--default-index airgap-uv={mirror.url}" in said
    assert PASSWORD not in said


# --- indexes without a simple API


@pytest.mark.parametrize("kind", ["folder", "page"])
def test_a_flat_index(kind: str, collect: Collect) -> None:
    """`format = "flat"`: a folder of wheels, or a page of links as for pip's `--find-links`."""
    links = collect.folder / "links"
    gamma = make_wheel(links if kind == "folder" else collect.index.folder, "gamma")
    url = "../links" if kind == "folder" else f"{collect.index.url}/gamma/"
    index = f'[[tool.uv.index]]\nname = "flat"\nurl = "{url}"\nformat = "flat"\nexplicit = true\n'
    collect.index.api = "html"
    shutil.rmtree(collect.project)
    collect.make("alpha")
    replace_in(collect.project / "pyproject.toml", '["alpha"]', '["alpha", "gamma"]')
    with open(collect.project / "pyproject.toml", "a", encoding="utf-8") as file:
        file.write(f'{index}[tool.uv.sources]\ngamma = {{ index = "flat" }}\n')
    lock(collect.project)
    result = collect.succeed()
    origin = next(wheel["origin"] for wheel in result["wheels"] if wheel["name"] == "gamma")
    if kind == "folder":
        assert origin == {"kind": "path", "path": f"../links/{gamma.name}"}
    else:
        assert origin == {"kind": "index", "url": collect.index.file_url(gamma.name)}


def test_a_flat_index_of_a_project_with_a_dynamic_version(tmp_path: Path, index: Index) -> None:
    """Its lock is checked in a copy, and has the place of the index in full."""
    collect = Collect(tmp_path, index)
    make_wheel(tmp_path / "links", "gamma")
    extra = '\n[[tool.uv.index]]\nname = "flat"\nurl = "../links"\nformat = "flat"\nexplicit = true\n'
    extra += '[tool.uv.sources]\ngamma = { index = "flat" }\n'
    collect.make("gamma", packaged=True, extra=extra, files={"VERSION": "2.5"})
    replace_in(collect.project / "pyproject.toml", 'version = "0.1.0"', 'dynamic = ["version"]')
    lock(collect.project)
    assert (tmp_path / "links").as_uri() in (collect.project / "uv.lock").read_text(encoding="utf-8")
    assert {wheel["name"] for wheel in collect.succeed()["wheels"]} == {"app", "gamma"}
    replace_in(collect.project / "pyproject.toml", ">=3.9", ">=3.10")
    assert collect().msg.startswith(f"{collect.project / 'uv.lock'} is out of date with its pyproject.toml.")
