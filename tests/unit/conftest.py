# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: an index on loopback, a module with a home of its own, a project on that index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.running import Module
from ansible_collections.airgap.uv.tests.unit.support.tls import make_certificate, openssl


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An empty index; `index.folder` is where wheels and sdists go."""
    with Index(tmp_path / "index") as served:
        yield served


@pytest.fixture
def tls_index(tmp_path: Path) -> Iterator[Index]:
    """An empty index with a certificate that nobody trusts."""
    if not openssl():
        pytest.skip("the openssl program is not installed")
    certificate = make_certificate(tmp_path / "tls")
    with Index(tmp_path / "tls-index", certificate=certificate) as served:
        yield served


@pytest.fixture
def uv_wheelhouse(tmp_path: Path) -> Module:
    """The module `uv_wheelhouse`, ready to be called with its options."""
    return Module("uv_wheelhouse", tmp_path / "home")
