# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests with real locks and the real index. Without the locks' folder they skip."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.real import locks_folder, network_environment, restore
from ansible_collections.airgap.uv.tests.unit.support.running import ROOT, Module
from ansible_collections.airgap.uv.tests.unit.support.table import Table

_TABLES = pytest.StashKey[list[Table]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The tables are shown when all tests have passed too: they are what the tests are for."""
    for table in config.stash[_TABLES]:
        terminalreporter.section(table.title)
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> list[Table]:
    """Append one, and it is shown after the tests."""
    return pytestconfig.stash[_TABLES]


@pytest.fixture(scope="session")
def locks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All real projects, ready for uv."""
    folder = locks_folder()
    if folder is None:
        pytest.skip("the folder with real locks is not there")
    return restore(folder, tmp_path_factory.mktemp("locks"))


@pytest.fixture(scope="session")
def uv_wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Module:
    """The module, with this machine's certificates and proxies."""
    home = tmp_path_factory.mktemp("home")
    module = Module("uv_wheelhouse", home)
    module.environment = network_environment(home, PYTHONPATH=str(ROOT))
    return module
