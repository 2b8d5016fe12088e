# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way, from the plain values that the modules return."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.preflight import Preflight, is_older
from ansible_collections.airgap.uv.plugins.module_utils.space import RESERVE

MIB = 1 << 20
PATH = "/opt/shop"


def place(**own: Any) -> dict[str, Any]:
    usual = {"at": "/opt", "device": 1, "free_bytes": 1 << 40, "free_inodes": 10**6}
    return {**usual, "read_only": False, "noexec": False, "writable": True, **own}


def host(**own: Any) -> dict[str, Any]:
    """A host that nothing is wrong with."""
    usual = {
        "target": {"python": "3.11.2", "platform": "x86_64-manylinux_2_36", "markers": {}},
        "python": {"path": "/usr/bin/python3", "version": "3.11.2", "lacks": [], "arrives": None, "installed": True},
        "uv": {"path": "/usr/bin/uv", "version": "0.13.8"},
        "rsync": "/usr/bin/rsync",
        "user": "root",
        "unknown": [],
        "in_the_way": [],
        "releases": [],
        "current": None,
        "wheels": {},
        "places": {name: place() for name in ("releases", "wheels", "bin", "python", "tmp")},
    }
    return {**usual, **own}


def wheel(name: str, size: int, unpacked: int = 0, **own: Any) -> dict[str, Any]:
    return {"path": f"{name}-1.0-py3-none-any.whl", "size": size, "installed_size": unpacked, "tool": False, **own}


def look(told: dict[str, Any], **wish: Any) -> dict[str, Any]:
    wheels = wish.get("wheels", [])
    usual = {"path": PATH, "owner": "root", "collected": True, "release": "1.0-abc", "installs": wheels}
    return Preflight.parse(told, {**usual, **wish}).result()


def texts(told: dict[str, Any], **wish: Any) -> list[str]:
    return [obstacle["text"] for obstacle in look(told, **wish)["obstacles"]]


def test_nothing_in_the_way() -> None:
    found = look(host(), wheels=[wheel("six", 1000, 9000)])
    assert found == {"obstacles": [], "notes": [], "sends": 4096, "takes": 4096 + 12288}


PSYCOPG = wheel("psycopg2", 1000, filename="psycopg2-2.9-cp311-cp311-linux_x86_64.whl")
LACKS_PQ = {"missing_libraries": {"libpq.so.5": "cannot open shared object file"}}

# What a host says, what is wished, and what is said of it.
ONE = [
    (
        LACKS_PQ,
        {"wheels": [{**PSYCOPG, "requires": {"glibc": "2.34", "libraries": ["libpq.so.5", "libz.so.1"]}}]},
        "psycopg2-2.9-cp311-cp311-linux_x86_64.whl needs libpq.so.5, which the host lacks (cannot open shared object "
        "file). Install it there, or bring a wheel that holds it (uv_deploy_extra_wheels).",
    ),
    (
        {
            "missing_libraries": {
                "libstdc++.so.6(GLIBCXX_3.4.29)": "/lib/libstdc++.so.6 has no GLIBCXX_3.4.29",
                "libother.so.1(OTHER_2)": "/lib/libother.so.1 has no OTHER_2",
            }
        },
        {
            "wheels": [
                {**PSYCOPG, "requires": {"glibc": "", "libraries": ["libstdc++.so.6(GLIBCXX_3.4.29)", "libz.so.1"]}}
            ]
        },
        "psycopg2-2.9-cp311-cp311-linux_x86_64.whl needs GLIBCXX_3.4.29 of libstdc++.so.6, and the host's is older "
        "(/lib/libstdc++.so.6 has no GLIBCXX_3.4.29). Have it built on a machine as old as the host "
        "(uv_deploy_builders), bring a wheel that holds that library (uv_deploy_extra_wheels), or install a later one "
        "there.",
    ),
    (
        {"unreachable_servers": {"https://index.test": "index.test:443: Connection refused"}},
        {},
        "The host reaches no https://index.test (index.test:443: Connection refused), and with uv_deploy_ship it takes "
        "from there what does not travel. Let it reach that server, name the index that it does reach "
        "(uv_deploy_ship_from), or set uv_deploy_ship to all.",
    ),
    (
        {"in_the_way": ["/opt/shop/wheels"]},
        {},
        "Something else stands where the deployment belongs: /opt/shop/wheels. Move it away, or deploy to another "
        "uv_deploy_path.",
    ),
    (
        {"user": "deploy"},
        {"owner": "shop"},
        "The code is to belong to shop, and deploy runs the tasks on this host. Let the play become root, or set "
        "uv_deploy_owner to deploy.",
    ),
    (
        {"unknown": ["user shop"]},
        {"owner": "shop"},
        "The host has no user shop (uv_deploy_owner). Create it before this role.",
    ),
    (
        {"unknown": ["group www"]},
        {"group": "www"},
        "The host has no group www (uv_deploy_group). Create it before this role.",
    ),
    (
        {"service_user": {"name": "shop", "known": False, "stopped_at": None}},
        {"service_user": "shop"},
        "The host has no user shop (uv_deploy_service_user). Create it before this role.",
    ),
    (
        {"service_user": {"name": "shop", "known": True, "stopped_at": "/opt"}},
        {"service_user": "shop"},
        "shop (uv_deploy_service_user) may not pass /opt and could not read the code. Change that folder's mode, or "
        "deploy to another uv_deploy_path.",
    ),
    (
        {"python": {"path": "/usr/bin/python3", "version": "3.9.2", "lacks": ["distutils"], "installed": True}},
        {},
        "/usr/bin/python3 lacks distutils, without which uv makes no environment of it. Install python3-distutils "
        "there, or name another Python (uv_deploy_python).",
    ),
    (
        {"uv": None},
        {"uv_source": "host"},
        "uv_deploy_uv_source is host, and there is no uv on PATH or in /usr/local/bin. Install one on the host, name "
        "it in uv_deploy_uv_executable, or set uv_deploy_uv_source to auto.",
    ),
    (
        {"uv": {"path": f"{PATH}/bin/uv", "version": "0.13.8"}},
        {"uv_source": "host"},
        "uv_deploy_uv_source is host, and there is no uv on PATH or in /usr/local/bin. Install one on the host, name "
        "it in uv_deploy_uv_executable, or set uv_deploy_uv_source to auto.",
    ),
    (
        {"uv": {"path": "/usr/bin/uv", "version": "0.4.30"}},
        {"uv_source": "host"},
        "uv_deploy_uv_source is host, and the uv 0.4.30 there is older than 0.5. Install one on the host, name it in "
        "uv_deploy_uv_executable, or set uv_deploy_uv_source to auto.",
    ),
    (
        {"uv": {"path": "/usr/bin/uv", "version": "0.6.12"}},
        {"uv_source": "host", "uv_needed": "0.6.13", "uv_needed_for": "a Python that travels"},
        "uv_deploy_uv_source is host, and the uv 0.6.12 there is older than 0.6.13, which a Python that travels "
        "needs. Install one on the host, name it in uv_deploy_uv_executable, or set uv_deploy_uv_source to auto.",
    ),
    (
        {"uv": None},
        {"sends_uv": True, "installs": [{"tool": True, "version": "0.4.30", "path": "uv.whl", "size": 1}]},
        "uv_deploy_uv_version is 0.4.30, and that is older than 0.5. Give a later version, or leave the variable out.",
    ),
    (
        {"rsync": None},
        {"via": "rsync"},
        "uv_deploy_via is rsync, and the host has none. Install rsync there, or set uv_deploy_via to auto.",
    ),
    (
        {},
        {
            "unserved": [
                {
                    "target": "x",
                    "package": "orjson 3.10.1",
                    "nearest": None,
                    "reason": "the nearest wheel asks for glibc 2.34; the target has 2.31",
                }
            ]
        },
        "orjson 3.10.1: the nearest wheel asks for glibc 2.34; the target has 2.31.",
    ),
    (
        {},
        {"unserved": [{"target": "x", "package": None, "nearest": None, "reason": "the lock asks for Python >=3.12"}]},
        "The lock asks for Python >=3.12.",
    ),
    (
        {},
        {"unserved": [{"package": None, "reason": "its Python is outside the project's requires-python (>=3.12)"}]},
        "Its Python, /usr/bin/python3 (3.11.2), is outside the project's requires-python (>=3.12).",
    ),
    (
        {},
        {"collected": False, "failure": "the lock is out of date. `frozen: true` takes it as it is."},
        "Nothing was collected: the lock is out of date. `uv_deploy_frozen: true` takes it as it is.",
    ),
    (
        {},
        {"uncovered": ["orjson-3.10.1-cp311.whl"]},
        "The host needs orjson-3.10.1-cp311.whl, and no target in uv_deploy_targets takes that. Add {python: 3.11.2, "
        "platform: x86_64-manylinux_2_36} to uv_deploy_targets, or leave the variable out.",
    ),
    (
        {},
        {"earlier": {"host": "web1", "release": "1.0-old"}},
        "The project changed while the play ran: web1 got 1.0-old, and now it would be 1.0-abc. Run again for all "
        "hosts, from a checkout that nobody edits.",
    ),
]


@pytest.mark.parametrize(("told", "wish", "said"), ONE)
def test_one_obstacle(told: dict[str, Any], wish: dict[str, Any], said: str) -> None:
    assert texts(host(**told), **wish) == [said]


PLACES = [
    ({"read_only": True, "writable": False}, "/opt is on a file system that is mounted read-only."),
    ({"writable": False}, "root may not write /opt."),
    ({"noexec": True}, "/opt is on a file system that is mounted noexec, and nothing that is installed"),
]


@pytest.mark.parametrize(("own", "said"), PLACES)
def test_a_folder_that_cannot_be_used_is_named_once(own: dict[str, Any], said: str) -> None:
    (found,) = texts(host(places={name: place(**own) for name in ("releases", "wheels", "bin", "python")}))
    assert found.startswith(said)
    assert found.endswith(", or deploy to another uv_deploy_path.")


def test_only_the_folders_that_are_used_count() -> None:
    shut = place(at="/opt/shop/bin", writable=False)
    told = host(places={**host()["places"], "bin": shut, "python": {**shut, "at": "/opt/shop/python"}})
    assert texts(told) == []
    assert len(texts(told, sends_uv=True)) == 1
    wheels_only = host(places={**host()["places"], "wheels": place(noexec=True)})
    assert texts(wheels_only) == []


def test_in_check_mode_an_earlier_task_may_not_have_made_them_yet() -> None:
    told = host(unknown=["user shop"], service_user={"name": "www", "known": False, "stopped_at": None})
    assert len(texts(told, owner="shop", service_user="www")) == 2
    assert texts(told, owner="shop", service_user="www", check_mode=True) == []


NO_FACTS = [
    (
        {"msg": "The host has no Python that is 3.13.\n  /usr/bin/python3: is 3.11.2", "user": "root"},
        ["The host has no Python that is 3.13.\n  /usr/bin/python3: is 3.11.2"],
    ),
    ({"msg": "First.\nSecond.", "user": "root"}, ["First.", "Second."]),
    (
        {"msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "module_stderr": "sh: python: not found\n"},
        ["The host gives no facts: MODULE FAILURE; sh: python: not found."],
    ),
    (
        {"msg": "Task failed: No route to host", "exception": "(traceback unavailable)"},
        ["The host gives no facts: Task failed: No route to host."],
    ),
    ({"msg": "Incorrect sudo password"}, ["The host gives no facts: Incorrect sudo password."]),
    ({}, ["The host gives no facts: see the error above."]),
]


@pytest.mark.parametrize(("told", "said"), NO_FACTS)
def test_a_host_without_facts(told: dict[str, Any], said: list[str]) -> None:
    assert texts(told, collected=False) == said
    # Nobody looked for its uv.
    assert texts(told, collected=False, uv_source="host") == said


def test_everything_is_said_at_once() -> None:
    told = host(msg="uv_executable: /x does not exist.", in_the_way=["/opt/shop/bin"], rsync=None)
    assert len(texts(told, via="rsync", unserved=[{"package": "a 1", "reason": "no"}])) == 4


def test_of_many_packages_some_are_explained() -> None:
    unserved = [{"package": f"p{number} 1.0", "reason": "no wheel"} for number in range(10)]
    found = texts(host(), unserved=unserved)
    assert found[:2] == ["p0 1.0: no wheel.", "p1 1.0: no wheel."]
    assert found[8:] == ["Nor can be had: p8 1.0, p9 1.0."]


def test_an_archive_is_checked_for_a_python_that_is_not_there() -> None:
    told = host(python={**host()["python"], "arrives": "cpython.tar.gz", "installed": False})
    archive = {"size": 10 * MIB}
    assert texts(told, archive=archive, archive_fault="It is another.") == ["It is another."]
    assert look(told, archive=archive)["takes"] == 60 * MIB
    there = host(python={**host()["python"], "arrives": "cpython.tar.gz", "installed": True})
    assert look(there, archive=archive)["takes"] == 0


class TestDisk:
    """What a deployment takes, by file system."""

    wheels = [wheel("big", 100 * MIB, 300 * MIB), wheel("uv", 10 * MIB, 40 * MIB, tool=True, version="1")]

    def small(self, free: int, **own: Any) -> dict[str, Any]:
        return host(places={name: place(free_bytes=free) for name in ("releases", "wheels", "bin", "tmp")}, **own)

    def test_the_sum(self) -> None:
        assert look(host(), wheels=self.wheels, files=[{"size": 1}])["takes"] == 450 * MIB + 4096
        assert look(host(), wheels=self.wheels)["sends"] == 110 * MIB

    def test_just_enough_and_one_byte_less(self) -> None:
        enough = 450 * MIB + RESERVE
        assert texts(self.small(enough), wheels=self.wheels) == []
        (said,) = texts(self.small(enough - 1), wheels=self.wheels)
        assert said.startswith(
            "/opt has 505 MB free, and the deployment takes 505 MB: 115 MB for wheels, 315 MB for the unpacked "
            "release, 42 MB for uv, 34 MB in reserve. Make room there"
        )

    def test_what_is_there_takes_nothing(self) -> None:
        there = {one["path"]: one["size"] for one in self.wheels}
        current = {"releases": ["1.0-abc"], "current": "1.0-abc", "current_python": "/usr/bin/python3"}
        told = self.small(RESERVE, wheels=there, **current, uv={"path": f"{PATH}/bin/uv", "version": "1"})
        assert texts(told, wheels=self.wheels) == []
        other_size = {**there, self.wheels[0]["path"]: 1}
        assert len(texts({**told, "wheels": other_size}, wheels=self.wheels)) == 1

    def test_a_release_that_is_not_in_use_is_made_anew(self) -> None:
        there = {one["path"]: one["size"] for one in self.wheels}
        told = host(wheels=there, releases=["1.0-abc"], current="1.0-old", current_python="/usr/bin/python3")
        assert look(told, wheels=self.wheels[:1])["takes"] == 300 * MIB
        half = {**told, "current": "1.0-abc", "current_python": None}
        assert look(half, wheels=self.wheels[:1])["takes"] == 300 * MIB

    def test_another_version_of_the_uv_that_travels_takes_its_full_size(self) -> None:
        there = {one["path"]: one["size"] for one in self.wheels}
        told = host(wheels=there, uv={"path": f"{PATH}/bin/uv", "version": "0.9"})
        assert look(told, wheels=self.wheels[1:])["takes"] == 40 * MIB

    def test_each_file_system_for_itself(self) -> None:
        places = {
            "releases": place(at="/srv", device=2, free_bytes=200 * MIB),
            "wheels": place(free_bytes=200 * MIB),
            "bin": place(free_bytes=200 * MIB),
        }
        (said,) = texts(host(places=places), wheels=self.wheels)
        assert said.startswith("/srv has 210 MB free, and the deployment takes 348 MB: 315 MB for the unpacked release")

    def test_over_ansibles_connection_files_arrive_in_its_folder_first(self) -> None:
        places = {**host()["places"], "tmp": place(at="/home/deploy", device=3, free_bytes=50 * MIB)}
        assert texts(host(places=places), wheels=self.wheels) == []
        (said,) = texts(host(places=places), wheels=self.wheels, carried=True)
        assert said.startswith("/home/deploy has 52 MB free, and the deployment takes 149 MB: 115 MB for files on")
        assert said.endswith("Make room there, or name another ansible_remote_tmp.")

    def test_inodes(self) -> None:
        wheels = [wheel("big", 1, 1, installed_files=5000)]
        places = {name: place(free_inodes=5000) for name in ("releases", "wheels")}
        (said,) = texts(host(places=places), wheels=wheels)
        assert said.startswith("/opt has room for 5000 more files, and the deployment brings 5201.")
        uncounted = {name: place(free_inodes=None) for name in ("releases", "wheels")}
        assert texts(host(places=uncounted), wheels=wheels) == []

    def test_a_note_where_the_kept_releases_will_not_fit(self) -> None:
        now = 450 * MIB + RESERVE
        (note,) = look(self.small(now + 1), wheels=self.wheels, keep_releases="5")["notes"]
        assert note == (
            "/opt has 505 MB free: enough now, but not for the 5 releases that uv_deploy_keep_releases keeps, "
            "315 MB each."
        )
        assert look(self.small(now + 4 * 300 * MIB), wheels=self.wheels)["notes"] == []
        assert look(self.small(now, releases=["1.0-abc"]), wheels=self.wheels)["notes"] == []
        assert look(self.small(now, releases=list("abcd")), wheels=self.wheels)["notes"] == []


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [("0.5.0", "0.5", False), ("0.4.30", "0.5", True), ("0.10.0", "0.6.13", False), ("0.6.9", "0.6.13", True)],
)
def test_versions_are_compared_by_number(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older
