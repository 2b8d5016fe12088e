# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on several hosts that differ. Hosts and controller are this machine, each host with a path of its own."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.deploying import Deployment
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import make_project, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import names, snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

MACHINE = platform.machine()
HERE = sys.version_info[1]
OTHER = HERE + 1
OPTIONAL = '\n[project.optional-dependencies]\nmore = ["beta"]\nnever = ["delta"]\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A locked project: `alpha` always, `beta` with the extra `more`, and `gamma` with a wheel for each Python.

    The extra `never` has none for this one.
    """
    folder = tmp_path_factory.mktemp("shared")
    with Index(folder / "index") as index:
        make_wheel(index.folder, "alpha")
        make_wheel(index.folder, "beta")
        make_wheel(index.folder, "delta", tag=f"cp3{OTHER}-cp3{OTHER}-manylinux_2_17_{MACHINE}")
        for minor in (HERE, OTHER):
            make_wheel(index.folder, "gamma", tag=f"cp3{minor}-cp3{minor}-manylinux_2_17_{MACHINE}")
        yield make_project(folder / "app", index, dependencies=["alpha", "gamma"], extra=OPTIONAL)


class Fleet(Deployment):
    """Several hosts: `web1`, `web2` …"""

    def __init__(self, folder: Path, project: Path, *hosts: dict[str, Any]) -> None:
        super().__init__(folder, project)
        self.hosts = {f"web{number}": own for number, own in enumerate(hosts, start=1)}
        for host, own in self.hosts.items():
            own.setdefault("path", str(self.path_of(host)))

    def path_of(self, host: str) -> Path:
        return self.folder / "host" / host / "app"

    def current_of(self, host: str) -> str:
        link = self.path_of(host) / "current"
        return Path(os.readlink(link)).name if link.is_symlink() else ""

    @property
    def deployed(self) -> list[str]:
        """The hosts that have a current release."""
        return [host for host in self.hosts if self.current_of(host)]

    @property
    def failed(self) -> dict[str, int]:
        """How many tasks failed, by host, as Ansible's recap says."""
        return {host: int(count) for host, count in re.findall(r"^(\w+) .* failed=(\d+) ", self.output, re.MULTILINE)}

    def failure(self, host: str) -> str:
        """What Ansible printed when the host failed."""
        found = re.search(rf"^fatal: \[{host}\].*?(?=^\S|\Z)", self.output, re.MULTILINE | re.DOTALL)
        return found[0] if found else ""

    def inventory(self, **variables: Any) -> dict[str, dict[str, Any]]:
        """A host's own variables that start with `ansible_` keep their names."""
        found = super().inventory(**variables)
        for own in found.values():
            for name in [name for name in own if name.startswith("uv_deploy_ansible_")]:
                own[name[len("uv_deploy_") :]] = own.pop(name)
        return found

    @property
    def page(self) -> str:
        """The report, as it was shown."""
        assert self.output.count("\nPreflight: ") <= 1
        return self.output.partition("\nPreflight: ")[2].partition("TASK")[0].rpartition("\n\n")[0]

    def wheels_of(self, host: str) -> list[str]:
        return [name.partition("-")[0] for name in names(self.path_of(host) / "wheels")]


def fleet(tmp_path: Path, project: Path, *hosts: dict[str, Any]) -> Fleet:
    return Fleet(tmp_path, project, *hosts)


def three_obstacles(tmp_path: Path, project: Path) -> Fleet:
    """`web4` alone has none."""
    hosts = fleet(
        tmp_path,
        project,
        {"python": "3.99"},
        {"extras": ["never"]},
        {"uv_source": "host", "uv_executable": "", "path": str(tmp_path / "shut/app"), "service_user": "nobody"},
        {},
    )
    write_tree(hosts.folder, {"host/web2/app/wheels": "a file"})
    (tmp_path / "shut").mkdir(mode=0o700)
    return hosts


def test_one_report_of_three_obstacles_and_nothing_changed(tmp_path: Path, project: Path) -> None:
    hosts = three_obstacles(tmp_path, project)
    before = snapshot(tmp_path / "host", tmp_path / "shut")
    assert hosts.run() != 0
    assert snapshot(tmp_path / "host", tmp_path / "shut") == before
    assert hosts.page.startswith("3 of 4 hosts cannot be deployed to. Nothing was changed on any of them.\n\nweb1:\n")
    for said in ("  - The host has no Python that is 3.99", "web2:\n  - Something else stands", "web3:\n  - nobody "):
        assert said in hosts.page
    assert "\n  - delta 1.0: no wheel fits" in hosts.page
    assert "\n\nNothing in the way: web4." in hosts.page
    assert hosts.failed == {"web1": 1, "web2": 1, "web3": 1, "web4": 1}
    for host, said in {
        "web1": "3.99",
        "web2": "wheels is in the way; delta 1.0 cannot be had",
        "web3": "may not pass",
    }.items():
        assert said in hosts.failure(host)
    assert "because of web1, web2, web3" in hosts.failure("web4")

    # With the others left behind.
    assert hosts.run(partial=True) != 0
    assert hosts.deployed == ["web4"]
    assert hosts.failed == {"web1": 1, "web2": 1, "web3": 1, "web4": 0}


def test_hosts_that_are_down_or_give_no_facts(tmp_path: Path, project: Path) -> None:
    down = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    hosts = fleet(tmp_path, project, {}, down, {"ansible_python_interpreter": "/nowhere/python"}, {})
    assert hosts.run(partial=True) != 0
    assert hosts.deployed == ["web1", "web4"]
    assert hosts.page.startswith("1 of 3 hosts cannot be deployed to. Only the others are deployed to.\n\nweb3:\n")
    assert "  - The host gives no facts: " in hosts.page
    assert "/nowhere/python" in hosts.page
    assert "\nNot reached, and left out by Ansible: web2." in hosts.page


def test_a_host_that_is_down_stops_a_play_with_any_errors_fatal(tmp_path: Path, project: Path) -> None:
    down = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    hosts = fleet(tmp_path, project, {}, down)
    hosts.play = {"any_errors_fatal": True}
    assert hosts.run(partial=True) != 0
    assert hosts.deployed == []
    assert "because of web2 (see the report). The play has any_errors_fatal." in hosts.failure("web1")


def test_nobody_is_left(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {"python": "3.99"}, {"python": "/nowhere/python"})
    assert hosts.run("--check") != 0
    assert hosts.page.startswith("2 of 2 hosts cannot be deployed to.")
    assert "Nothing was collected" not in hosts.output
    assert not (tmp_path / "home/.cache").exists()


def test_each_distinct_wish_has_its_own_project(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {"extras": ["more"]}, {}, {"extras": ["more"], "exclude": ["/main.py"]})
    assert hosts.run() == 0, hosts.output
    assert [hosts.wheels_of(host) for host in hosts.hosts] == [
        ["alpha", "gamma"],
        ["alpha", "beta", "gamma"],
        ["alpha", "gamma"],
        ["alpha", "beta", "gamma"],
    ]
    releases = [hosts.current_of(host) for host in hosts.hosts]
    assert releases[0] == releases[2]
    assert len(set(releases)) == 3
    assert [(hosts.path_of(host) / "current/main.py").exists() for host in hosts.hosts] == [True, True, True, False]


def test_hosts_do_not_prune_what_others_need_or_take_their_settings(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {"extras": ["more"]}, {"ca_bundle": "/nowhere/ca.pem"})
    assert hosts.run(prune=True, partial=True) != 0
    assert hosts.deployed == ["web1", "web2"]
    assert "web3:\n  - Nothing was collected: " in hosts.page
    assert "/nowhere/ca.pem" in hosts.page
    before = snapshot(tmp_path / "home/.cache/airgap.uv", times=False)
    assert hosts.run("--limit", "web1", prune=True) == 0, hosts.output
    assert hosts.changed == [0]
    assert snapshot(tmp_path / "home/.cache/airgap.uv", times=False) == before


def test_a_project_that_changes_between_two_batches_stops_the_run(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {}, {})
    changed = {"content": "print('new')\n", "dest": str(hosts.project / "main.py"), "mode": "0644"}
    hosts.play = {"serial": 1, "post_tasks": [{"ansible.builtin.copy": changed}]}
    assert hosts.run() != 0
    assert hosts.deployed == ["web1"]
    assert "The project changed while the play ran: web1 got" in hosts.page
    assert "web3" not in hosts.failed


@pytest.mark.parametrize("strategy", ["free", "ansible.builtin.host_pinned"])
def test_hosts_that_do_not_wait_for_one_another(tmp_path: Path, project: Path, strategy: str) -> None:
    hosts = fleet(tmp_path, project, {}, {})
    hosts.play = {"strategy": strategy}
    assert hosts.run() != 0
    assert hosts.deployed == []
    assert f"The play has the strategy {strategy.rpartition('.')[2]}, in which hosts do not wait" in hosts.output


def test_the_first_host_is_left_out_the_second_time(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {}, {})
    role = {"ansible.builtin.include_role": {"name": "airgap.uv.uv_deploy"}}
    tasks = [{**role, "when": f"inventory_hostname {sign} 'web1'"} for sign in ("==", "!=")]
    hosts.plays = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
    assert hosts.run() == 0, hosts.output
    assert len({hosts.current_of(host) for host in hosts.hosts}) == 1


def test_targets_that_leave_a_host_out(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {})
    targets = [{"python": f"3.{minor}", "platform": f"{MACHINE}-manylinux_2_28"} for minor in (HERE, OTHER)]
    assert hosts.run(targets=targets[1:]) != 0
    assert hosts.deployed == []
    assert "web1, web2:\n  - The host needs gamma-1.0-cp3" in hosts.page
    assert "no target in uv_deploy_targets takes that" in " ".join(hosts.page.split())
    assert hosts.run(targets=targets) == 0, hosts.output
    assert hosts.wheels_of("web1") == ["alpha", "gamma", "gamma"]


def test_the_report_alone_changes_nothing_on_a_host(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {})
    role = {"name": "airgap.uv.uv_deploy", "tasks_from": "preflight"}
    hosts.plays = [{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}]
    assert hosts.run() == 0, hosts.output
    assert not (tmp_path / "host").exists()
    assert "Preflight" not in hosts.output


def test_the_playbook_looks_at_all_hosts_before_the_first_batch(tmp_path: Path, project: Path) -> None:
    hosts = fleet(tmp_path, project, {}, {}, {"python": "3.99"})
    hosts.plays = [{"import_playbook": "airgap.uv.deploy"}]
    assert hosts.run("-e", "uv_deploy_serial=1") != 0
    assert hosts.deployed == []
    assert hosts.run("-e", "uv_deploy_serial=1", partial=True) != 0
    assert hosts.deployed == ["web1", "web2"]
