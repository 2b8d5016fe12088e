# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.readings import as_uv, either
from packaging.markers import Marker

RELEASE = "6.1.0-30-amd64"
ENVIRONMENT = {"platform_release": RELEASE, "platform_version": "#1 SMP", "python_version": "3.11"}

# a marker, whether it holds for uv (asked with 0.13.8), whether it is served
READ = [
    ("platform_release >= '5'", True, True),
    ("platform_release > '10.2'", True, True),
    ("platform_release < '10.2'", False, False),
    ("'5' <= platform_release", True, True),
    ("platform_release ~= '5.0'", True, True),
    (f"platform_release in '{RELEASE} other'", True, True),
    ("'amd64' in platform_release", True, True),
    ("platform_release not in 'abc'", True, True),
    (f"platform_release == '{RELEASE}'", True, True),
    ("platform_release >= '5' and python_version < '3'", False, False),
    ("python_version >= '3' and (platform_release >= '5' or platform_version == 'x')", True, True),
    ("platform_version >= '#2'", False, False),
]


@pytest.mark.parametrize(("text", "uvs", "served"), READ)
def test_of_a_kernel_that_is_no_version(text: str, uvs: bool, served: bool) -> None:
    marker = Marker(text)
    assert as_uv(marker, ENVIRONMENT).evaluate(dict(ENVIRONMENT)) is uvs
    assert either(marker, ENVIRONMENT).evaluate(dict(ENVIRONMENT)) is served


def test_of_a_kernel_that_is_a_version() -> None:
    environment = {**ENVIRONMENT, "platform_release": "10.0"}
    marker = Marker("platform_release >= '5'")
    assert as_uv(marker, environment).evaluate(dict(environment)) is False
    assert either(marker, environment).evaluate(dict(environment)) is True
