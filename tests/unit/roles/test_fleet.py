# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on several hosts that differ. Hosts and controller are this machine, each host with a path of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.deploying import Deployment
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import make_project, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

OPTIONAL = '\n[project.optional-dependencies]\nmore = ["beta"]\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A locked project: `alpha` always, `beta` with the extra `more`, and `gamma` for a platform of long ago alone."""
    folder = tmp_path_factory.mktemp("shared")
    with Index(folder / "index") as index:
        make_wheel(index.folder, "alpha")
        make_wheel(index.folder, "beta")
        yield make_project(folder / "app", index, dependencies=["alpha"], extra=OPTIONAL)


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


def fleet(tmp_path: Path, project: Path, *hosts: dict[str, Any]) -> Fleet:
    return Fleet(tmp_path, project, *hosts)


def three_obstacles(tmp_path: Path, project: Path) -> Fleet:
    """`web4` alone has none."""
    hosts = fleet(
        tmp_path,
        project,
        {"python": "3.99"},
        {},
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
    assert hosts.output.count("Preflight: 3 of 4 hosts cannot be deployed to. Nothing was changed on any of them.") == 1, hosts.output
    page = hosts.output.partition("Preflight: ")[2].partition("TASK")[0]
    for said in ("web1:\n  - The host has no Python that is 3.99", "web2:\n  - Something else stands", "nobody"):
        assert said in page, page
    assert "\n\nNothing in the way: web4.\n" in page
    assert hosts.failed == {"web1": 1, "web2": 1, "web3": 1, "web4": 1}
    assert "3.99" in hosts.failure("web1")
    assert "is in the way" in hosts.failure("web2") or "Something else stands" in hosts.failure("web2")
    assert "because of web1, web2, web3" in hosts.failure("web4")

    # With the others left behind.
    assert hosts.run(partial=True) != 0
    assert hosts.deployed == ["web4"]
    assert hosts.failed == {"web1": 1, "web2": 1, "web3": 1, "web4": 0}
