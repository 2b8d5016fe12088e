# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.rsync import Escalation, Route


def route(**more: Any) -> Route:
    return Route(**{"transport": "ssh", "rsync": "/usr/bin/rsync", "ssh": "ssh", "host": "web1", **more})


def sudo(**more: Any) -> Escalation:
    return Escalation(**{"method": "sudo", "user": "root", "executable": "sudo", "password": False, **more})


OBSTACLES = [
    (route(), None),
    (route(escalation=sudo()), None),
    (route(escalation=sudo(method="ansible.builtin.sudo")), None),
    (route(transport="local"), "the connection is local, not ssh"),
    (route(transport="paramiko"), "the connection is paramiko, not ssh"),
    (route(rsync=None), "the controller has no rsync"),
    (route(password=True), "the connection uses a password, which rsync cannot give"),
    (route(other_key=True), "the connection uses a key that is in no file"),
    (route(escalation=sudo(method="su")), "rsync cannot become another user with su"),
    (
        route(escalation=sudo(method="community.general.doas")),
        "rsync cannot become another user with community.general.doas",
    ),
    (route(escalation=sudo(password=True)), "sudo is given a password, which rsync cannot give"),
]


@pytest.mark.parametrize(("way", "said"), OBSTACLES)
def test_rsync_is_tried_only_where_nobody_is_asked(way: Route, said: str | None) -> None:
    assert way.obstacle() == said


def test_the_host_needs_rsync_and_a_plain_path() -> None:
    assert route().obstacle_there("/usr/bin/rsync", "/opt/shop/wheels/.x") is None
    assert route().obstacle_there(None, "/opt/shop") == "the host has no rsync"
    for folder in ("/opt/my shop", "/opt/$(id)", "/opt/a;b", "/opt/ü"):
        assert "characters that a shell would read" in str(route().obstacle_there("/usr/bin/rsync", folder))


def test_ssh_is_told_what_the_connection_knows_and_never_asks() -> None:
    way = route(
        port=2222,
        user="deploy",
        private_key_file="/keys/a key",
        arguments=("-C -o ControlPersist=60s", "-J bastion"),
        host_key_checking=False,
        timeout=7,
    )
    command = shlex.split(way.remote_shell())
    assert command[:5] == ["ssh", "-S", "none", "-o", "BatchMode=yes"]
    assert command[-5:] == ["-C", "-o", "ControlPersist=60s", "-J", "bastion"]
    options = [word for word in command if "=" in word]
    assert {"ConnectTimeout=7", "StrictHostKeyChecking=no", "Port=2222", "User=deploy"} < set(options)
    assert "IdentityFile=/keys/a key" in options
    assert "StrictHostKeyChecking=no" not in route().remote_shell()


@pytest.mark.parametrize(
    ("way", "dest", "rsync"),
    [
        (route(), "web1:/to/", "/usr/bin/rsync"),
        (route(host="2001:db8::1"), "[2001:db8::1]:/to/", "/usr/bin/rsync"),
        (route(escalation=sudo()), "web1:/to/", "sudo -n -u root /usr/bin/rsync"),
        (
            route(escalation=sudo(user="shop", executable="/opt/sudo")),
            "web1:/to/",
            "/opt/sudo -n -u shop /usr/bin/rsync",
        ),
    ],
)
def test_synchronize_gets_folder_and_program(way: Route, dest: str, rsync: str) -> None:
    options = way.synchronize("/from", "/to", "/usr/bin/rsync")
    assert (options["src"], options["dest"], options["rsync_path"]) == ("/from/", dest, rsync)
    assert "--ignore-times" in options["rsync_opts"]
    assert shlex.split(options["rsync_opts"][0]) == [f"--rsh={way.remote_shell()}"]
