# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option `ship`: what travels, what hosts take from their index, and that uv checks the one and the other."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, LABEL, TARGET, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    lock,
    make_project,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALPHA = "alpha-1.0-py3-none-any.whl"
GAMMA = f"gamma-1.0-py3-none-manylinux_2_17_{ARCH}.whl"
PASSWORD = "s3cret"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """A packaged project: pure Python and compiled code from an index, and an sdist."""
    make_wheel(index.folder, "alpha")
    make_wheel(index.folder, "gamma", tag=f"py3-none-manylinux_2_17_{ARCH}")
    make_wheel(index.folder, "gamma", tag="py3-none-win_amd64")
    make_sdist(index.folder, "delta")
    made = Collect(tmp_path, index)
    made.make("alpha", "gamma", "delta", packaged=True)
    index.forget()
    return made


def travelling(result: Result) -> set[str]:
    return {wheel["name"] for wheel in result.data["wheels"] if wheel["travels"]}


def staged(collect: Collect) -> dict[str, Any]:
    """`[tool.uv]` of the staged project."""
    settings: dict[str, Any] = tomllib.loads((collect.stage / "pyproject.toml").read_text())["tool"]["uv"]
    return settings


def packages(collect: Collect) -> dict[str, dict[str, object]]:
    raw = tomllib.loads((collect.stage / "uv.lock").read_text())
    return {package["name"]: package for package in raw["package"][1:]}


def install(collect: Collect, **environ: str) -> subprocess.CompletedProcess[str]:
    """As the role does it: what travels, uv with an empty cache, and the indexes that the stage names."""
    indexes = staged(collect).get("index", [])
    words = [f"{each['name']}={each['url']}" if "name" in each else each["url"] for each in indexes]
    given = ["--default-index", words[0]] if words else ["--no-index"]
    given += [part for word in words[1:] for part in ("--index", word)]
    host = collect.folder / "host"
    shutil.rmtree(host, ignore_errors=True)
    shutil.copytree(collect.wheelhouse, host / "wheels", ignore=shutil.ignore_patterns(".cache"))
    release = Path(shutil.copytree(collect.stage, host / "releases" / "one"))
    command = [str(uv_executable()), "sync", "--locked", "-f", "../../wheels", "--no-cache", "--no-config"]
    done = subprocess.run(
        [*command, *given, "--python", sys.executable],
        cwd=release,
        env=clean_environment(collect.folder / "host-home", **environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if (release / "uv.lock").read_bytes() != (collect.stage / "uv.lock").read_bytes():
        raise AssertionError("uv wrote another lock")
    return done


def installed(collect: Collect) -> set[str]:
    found = (collect.folder / "host" / "releases" / "one" / ".venv").glob("lib/*/site-packages/*.dist-info")
    return {path.name.partition("-")[0] for path in found}


# what is asked for, what travels, what the controller fetches
SHIPS = [
    ("all", {"alpha", "app", "delta", "gamma"}, [ALPHA, "delta-1.0.tar.gz", GAMMA]),
    ("built", {"app", "delta"}, ["delta-1.0.tar.gz"]),
    ("binary", {"app", "delta", "gamma"}, ["delta-1.0.tar.gz", GAMMA]),
]


@pytest.mark.parametrize(("ship", "travels", "fetched"), SHIPS)
def test_what_travels_is_all_that_is_fetched(
    ship: str, travels: set[str], fetched: list[str], collect: Collect
) -> None:
    result = collect.succeed(ship=ship)
    assert travelling(result) == travels
    assert {wheel["name"] for wheel in result.data["wheels"]} == {"alpha", "app", "delta", "gamma"}
    assert sorted(collect.index.downloads) == sorted(fetched)
    there = [path.rpartition("/")[2] for path in collect.files if path.endswith(".whl")]
    assert {name.partition("-")[0] for name in there} == travels
    assert result.data["stats"]["downloaded"] == len(fetched)
    assert result.data["proofs"] == [
        {"target": LABEL, "packages": 4, "by": result.data["proofs"][0]["by"]},
    ]
    assert result.data["proofs"][0]["by"].startswith("uv ")
    again = collect.succeed(ship=ship)
    assert (again.data["changed"], again.data["wheels"]) == (False, result.data["wheels"])
    assert again.data["stats"]["reused"] == len(travels)


@pytest.mark.parametrize(("ship", "travels", "fetched"), SHIPS)
def test_uv_installs_it_from_both(ship: str, travels: set[str], fetched: list[str], collect: Collect) -> None:
    collect.succeed(ship=ship)
    collect.index.forget()
    done = install(collect)
    assert done.returncode == 0, done.stderr
    assert installed(collect) == {"alpha", "app", "delta", "gamma"}
    # Nothing but the files that the lock names: no page of the index is looked at.
    asked = {request.path.rpartition("/")[2].partition("-")[0] for request in collect.index.requests}
    assert asked == {"alpha", "app", "delta", "gamma"} - travels


def test_uv_refuses_other_bytes_from_the_index(collect: Collect) -> None:
    collect.succeed(ship="built")
    other = make_wheel(collect.folder / "evil", "alpha", files={"alpha/evil.py": ""})
    collect.index.fail(ALPHA, wrong=other.read_bytes())
    done = install(collect)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
    assert "alpha" not in installed(collect)


def test_uv_refuses_other_bytes_from_the_folder(collect: Collect) -> None:
    collect.succeed(ship="built")
    [delta] = collect.wheelhouse.glob("*/delta-1.0-*.whl")
    other = make_wheel(collect.folder / "evil", "delta", files={"delta/evil.py": ""})
    shutil.copyfile(other, delta)
    done = install(collect)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
    assert "delta" not in installed(collect)


def test_another_ship_is_another_release(collect: Collect) -> None:
    releases = [collect.succeed(ship=ship).data["stage"]["release"] for ship in ("all", "built", "binary")]
    assert len(set(releases)) == 3
    assert [collect.succeed(ship=ship).data["stage"]["release"] for ship in ("all", "built", "binary")] == releases


def test_the_staged_project_names_the_index_with_the_locks_hashes(collect: Collect) -> None:
    collect.succeed(ship="built")
    found = packages(collect)
    assert found["alpha"] == {
        "name": "alpha",
        "version": "1.0",
        "source": {"registry": collect.index.url},
        "wheels": [
            {"url": collect.index.file_url(ALPHA), "hash": f"sha256:{sha256(collect.index.folder / ALPHA)}"},
        ],
    }
    assert len(found["gamma"]["wheels"]) == 2  # type: ignore[arg-type]
    assert found["delta"]["source"] == {"registry": "../../wheels"}
    assert staged(collect) == {
        "package": False,
        "no-index": False,
        "find-links": ["../../wheels"],
        "workspace": {},
        "index": [{"url": collect.index.url, "default": True}],
    }


def test_check_mode_tells_and_touches_nothing(collect: Collect) -> None:
    before = collect.snapshot()
    result = collect.succeed(ship="binary", check=True)
    assert collect.snapshot() == before
    assert result.data["added"] == [GAMMA]
    assert {wheel["name"]: wheel["travels"] for wheel in result.data["wheels"]} == {"alpha": False, "gamma": True}


def test_what_travelled_before_is_left_alone_or_pruned_as_ever(collect: Collect) -> None:
    collect.succeed()
    result = collect.succeed(ship="built", prune=True)
    assert result.data["removed"] == []
    assert travelling(result) == {"app", "delta"}


def test_an_estimate_stands_for_what_was_not_looked_into(collect: Collect) -> None:
    wheels = {wheel["name"]: wheel for wheel in collect.succeed(ship="built").data["wheels"]}
    size = (collect.index.folder / ALPHA).stat().st_size
    assert (wheels["alpha"]["size"], wheels["alpha"]["installed_size"]) == (size, 12 * size)


def test_a_package_that_one_target_has_to_build_travels_as_a_whole(collect: Collect) -> None:
    """Its wheels for the others too; a run for those alone then stages the same lock."""
    make_wheel(collect.index.folder, "delta", tag="py3-none-win_amd64")
    lock(collect.project, "--upgrade")
    both = [TARGET, {"python": "3.11", "platform": "windows"}]
    result = collect.succeed(ship="built", targets=both)
    deltas = [wheel["filename"] for wheel in result.data["wheels"] if wheel["name"] == "delta" and wheel["travels"]]
    assert sorted(deltas) == ["delta-1.0-py3-none-any.whl", "delta-1.0-py3-none-win_amd64.whl"]
    first = packages(collect)
    alone = collect.succeed(ship="built", targets=both[1:])
    assert alone.data["stage"]["release"] == result.data["stage"]["release"]
    assert packages(collect) == first


def test_what_is_brought_or_wanted_from_source_travels(collect: Collect) -> None:
    own = make_wheel(collect.folder / "own", "alpha", files={"alpha/own.py": ""})
    extra = {"path": own, "hash": f"sha256:{sha256(own)}"}
    make_sdist(collect.index.folder, "gamma")
    lock(collect.project, "--upgrade")
    result = collect.succeed(ship="built", extra_wheels=[extra], no_binary=["gamma"])
    assert travelling(result) == {"alpha", "app", "delta", "gamma"}
    assert packages(collect)["gamma"]["source"] == {"registry": "../../wheels"}


def test_the_host_has_its_own_credentials(tmp_path: Path) -> None:
    """The index asks for a password, and the project's URL of it has one."""
    with Index(tmp_path / "index", credentials=("ci", PASSWORD)) as index:
        make_wheel(index.folder, "alpha")
        collect = Collect(tmp_path, index)
        url = index.url.replace("//", f"//ci:{PASSWORD}@")
        named = f'\n[[tool.uv.index]]\nname = "corp"\nurl = "{url}"\ndefault = true\n'
        make_project(collect.project, dependencies=["alpha"], extra=named)
        lock(collect.project)
        result = collect.succeed(ship="built")
        for path in (collect.stage / "pyproject.toml", collect.stage / "uv.lock"):
            assert PASSWORD not in path.read_text()
        assert PASSWORD not in json.dumps(result.data)
        assert install(collect).returncode != 0
        done = install(collect, UV_INDEX_CORP_USERNAME="ci", UV_INDEX_CORP_PASSWORD=PASSWORD)
        assert done.returncode == 0, done.stderr
        netrc = collect.folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login ci password {PASSWORD}\n")
        assert install(collect, NETRC=str(netrc)).returncode == 0


@pytest.mark.parametrize("ship", ["all", "built"])
def test_a_url_with_a_token_is_told_to_nobody(ship: str, index: Index, tmp_path: Path) -> None:
    """It may be a signature that is out of date tomorrow, so what it is for travels."""
    collect = Collect(tmp_path, index)
    wheel = make_wheel(index.folder, "alpha")
    lock = (
        'lock-version = "1.0"\ncreated-by = "another"\n[[packages]]\nname = "alpha"\nversion = "1.0"\nwheels = [{ '
        f'url = "{index.file_url(wheel.name)}?token=s3cret", hashes = {{ sha256 = "{sha256(wheel)}" }} }}]\n'
    )
    write_tree(collect.folder / "site", {"pylock.toml": lock})
    result = collect.succeed(project=None, lockfile=collect.folder / "site" / "pylock.toml", ship=ship)
    assert [each["origin"]["url"] for each in result["wheels"]] == [index.file_url(wheel.name)]
    assert travelling(result) == {"alpha"}
    assert "s3cret" not in result.output
    for path in [*collect.wheelhouse.rglob("*"), *collect.stage.rglob("*")]:
        assert path.is_dir() or b"s3cret" not in path.read_bytes()


def test_several_versions_on_several_indexes(index: Index, tmp_path: Path) -> None:
    with Index(tmp_path / "second") as second:
        make_wheel(index.folder, "alpha", "1.0")
        make_wheel(second.folder, "alpha", "2.0")
        make_wheel(second.folder, "beta")
        collect = Collect(tmp_path, index)
        extra = (
            f'[[tool.uv.index]]\nname = "one"\nurl = "{index.url}"\ndefault = true\n'
            f'[[tool.uv.index]]\nname = "two"\nurl = "{second.url}"\nexplicit = true\n'
            '[tool.uv.sources]\nbeta = { index = "two" }\n'
            "alpha = [{ index = 'one', marker = \"sys_platform == 'win32'\" },"
            " { index = 'two', marker = \"sys_platform != 'win32'\" }]\n"
        )
        make_project(collect.project, dependencies=["alpha", "beta"], extra=extra)
        lock(collect.project)
        collect.succeed(ship="built")
        assert staged(collect)["index"] == [
            {"name": "one", "url": index.url, "default": True},
            {"name": "two", "url": second.url, "explicit": True},
        ]
        index.stop()
        done = install(collect)
        assert done.returncode == 0, done.stderr
        assert installed(collect) == {"alpha", "beta"}
        assert second.downloads[-2:]


def test_what_has_a_mirror_travels(collect: Collect) -> None:
    """What this machine does not reach, hosts are not sent to."""
    folder = Path(shutil.copytree(collect.index.folder, collect.folder / "mirror"))
    collect.index.stop()
    with Index(folder) as mirror:
        mirrors = {collect.index.origin: mirror.origin}
        result = collect.succeed(frozen=True, ship="built", mirrors=mirrors)
    assert travelling(result) == {"alpha", "app", "delta", "gamma"}
    assert install(collect).returncode == 0


@pytest.mark.parametrize("api", ["json", "html"])
def test_hosts_with_another_index(api: str, collect: Collect) -> None:
    """The lock's index is out of reach; this machine has one mirror, the hosts have another, with a password."""
    folders = [Path(shutil.copytree(collect.index.folder, collect.folder / name)) for name in ("mirror", "corp")]
    collect.index.stop()
    with Index(folders[0]) as mirror, Index(folders[1], api=api, credentials=("ci", PASSWORD)) as corp:
        given = {
            "frozen": True,
            "ship": "built",
            "mirrors": {collect.index.url: mirror.url},
            "ship_from": {collect.index.url: corp.url.replace("//", f"//ci:{PASSWORD}@")},
        }
        result = collect.succeed(**given)
        assert travelling(result) == {"app", "delta"}
        assert "warnings" not in result.data
        assert packages(collect)["alpha"]["source"] == {"registry": corp.url}
        assert packages(collect)["alpha"]["wheels"][0]["url"] == corp.file_url(ALPHA)  # type: ignore[index]
        assert staged(collect)["index"] == [{"url": corp.url, "default": True}]
        assert PASSWORD not in (collect.stage / "pyproject.toml").read_text() + json.dumps(result.data)
        assert corp.downloads == []

        # What that index does not have travels, and it is said.
        netrc = collect.folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login ci password {PASSWORD}\n")
        done = install(collect, NETRC=str(netrc))
        assert done.returncode == 0, done.stderr
        (corp.folder / ALPHA).unlink()
        again = collect.succeed(**given)
        assert travelling(again) == {"alpha", "app", "delta"}
        [warning] = again.data["warnings"]
        assert f"alpha: {ALPHA}: " in json.dumps(warning)
        assert again.data["stage"]["release"] == result.data["stage"]["release"]


def test_an_index_of_the_hosts_that_lets_nobody_in(collect: Collect) -> None:
    with Index(collect.folder / "corp", credentials=("ci", PASSWORD)) as corp:
        result = collect(ship="built", ship_from={collect.index.url: corp.url})
    assert "wants credentials (HTTP 401 Unauthorized)" in result.msg
    assert "It keeps back what ship_from needs to know" in result.msg
    assert not collect.stage.exists()


def test_an_index_of_the_hosts_that_does_not_answer(collect: Collect) -> None:
    """It is no index that has nothing, and it is waited for once."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        result = collect(ship="built", ship_from={collect.index.url: url}, timeout=1, jobs=1)
        silent.settimeout(0.1)
        silent.accept()
        with pytest.raises(TimeoutError):
            silent.accept()
    assert f"{url}, which ship_from names for the hosts, was not read from this machine: no answer" in result.msg
    assert not collect.stage.exists()


def test_hosts_that_have_the_files_from_another_server(collect: Collect) -> None:
    """No page tells where they are, so the prefix counts. The index is the lock's; nobody asks it."""
    with Index(Path(shutil.copytree(collect.index.folder, collect.folder / "other"))) as other:
        given = {f"{collect.index.origin}/files": f"{other.origin}/files"}
        result = collect.succeed(ship="built", ship_from=given)
        assert travelling(result) == {"app", "delta"}
        assert packages(collect)["alpha"]["source"] == {"registry": collect.index.url}
        assert result.data["stage"]["servers"] == [other.origin]
        collect.index.stop()
        done = install(collect)
        assert done.returncode == 0, done.stderr
        assert ALPHA in other.downloads


@pytest.mark.parametrize(
    ("prefix", "place", "said"),
    [
        (
            "https://index.test/simple",
            "/srv/wheels",
            "/srv/wheels cannot be used: give a URL (http, https) that the hosts reach",
        ),
        ("index.test", "https://corp.test/simple", "index.test cannot be used: give a prefix of the lock's URLs"),
    ],
)
def test_no_folder_of_this_machine_for_hosts(prefix: str, place: str, said: str, collect: Collect) -> None:
    before = collect.snapshot()
    result = collect(ship="built", ship_from={prefix: place})
    assert result.failed
    assert f"ship_from: {said}" in result.msg
    assert collect.snapshot() == before
    assert not collect.wheelhouse.exists()


def test_a_folder_of_wheels_travels(tmp_path: Path, index: Index) -> None:
    """An index that is a folder of this machine is on no host."""
    make_wheel(index.folder, "alpha")
    collect = Collect(tmp_path, index)
    extra = f'\n[[tool.uv.index]]\nurl = "{index.folder}"\nformat = "flat"\ndefault = true\n'
    make_project(collect.project, dependencies=["alpha"], extra=extra)
    lock(collect.project)
    result = collect.succeed(ship="built")
    assert travelling(result) == {"alpha"}
    assert install(collect).returncode == 0


def test_a_lock_that_names_no_index(index: Index, tmp_path: Path) -> None:
    """pylock.toml need not name any; the files have addresses of their own."""
    digest = sha256(make_wheel(index.folder, "alpha"))
    text = (
        'lock-version = "1.0"\ncreated-by = "hand"\n[[packages]]\nname = "alpha"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{index.file_url(ALPHA)}", hashes = {{ sha256 = "{digest}" }} }}]\n'
    )
    collect = Collect(tmp_path, index)
    write_tree(collect.project, {"pylock.toml": text})
    result = collect.succeed(project=None, lockfile=collect.project / "pylock.toml", ship="built")
    assert travelling(result) == set()
    assert packages(collect)["alpha"]["source"] == {"registry": f"{index.origin}/"}
    done = install(collect)
    assert done.returncode == 0, done.stderr
    assert installed(collect) == {"alpha"}


@pytest.mark.parametrize("depends", [False, True])
def test_uvs_own_wheel_travels(depends: bool, index: Index, tmp_path: Path) -> None:
    """Also where the project needs the very same, which its hosts take from the index."""
    make_wheel(index.folder, "alpha")
    tag = f"py3-none-manylinux_2_17_{ARCH}"
    path = make_wheel(index.folder, "uv", "0.9.9", tag=tag, files={"uv-0.9.9.data/scripts/uv": "#!/bin/sh\n"})
    collect = Collect(tmp_path, index)
    collect.make("alpha", *(["uv"] if depends else []))
    result = collect.succeed(ship="built", uv="0.9.9")
    assert {wheel["name"]: (wheel["travels"], wheel["tool"]) for wheel in result.data["wheels"]} == {
        "alpha": (False, False),
        "uv": (True, not depends),
    }
    assert [name for name in collect.files if name.endswith(".whl")] == [path.name]
    done = install(collect)
    assert done.returncode == 0, done.stderr
    assert installed(collect) == ({"alpha", "uv"} if depends else {"alpha"})


def test_another_word_is_refused(collect: Collect) -> None:
    result = collect(ship="pure")
    assert result.failed
    assert "value of ship must be one of: all, built, binary" in result.msg
