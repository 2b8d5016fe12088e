# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python without its micro version collects what the first and the newest of its minor version need."""

from __future__ import annotations

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import select
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from packaging.pylock import Pylock

# As redis needs async-timeout before 3.11.3; a name with one version on each side; one that is always taken.
PACKAGES = [
    ("async-timeout", "5.0.1", "python_full_version < '3.11.3'"),
    ("forked", "1.0", "python_full_version < '3.11.4'"),
    ("forked", "2.0", "python_full_version >= '3.11.4'"),
    ("newest", "1.0", "python_full_version > '3.11.14'"),
    ("redis", "6.4.0", None),
]

TAKEN = [
    ("3.11", ">=3.9", ["async-timeout 5.0.1", "forked 1.0", "forked 2.0", "newest 1.0", "redis 6.4.0"]),
    ("3.11.0", ">=3.9", ["async-timeout 5.0.1", "forked 1.0", "redis 6.4.0"]),
    ("3.11.3", ">=3.9", ["forked 1.0", "redis 6.4.0"]),
    ("3.11.15", ">=3.9", ["forked 2.0", "newest 1.0", "redis 6.4.0"]),
    ("3.11", ">=3.11.3", ["forked 1.0", "forked 2.0", "newest 1.0", "redis 6.4.0"]),
    ("3.11", "<3.11.4", ["async-timeout 5.0.1", "forked 1.0", "redis 6.4.0"]),
    ("pypy3.11", ">=3.9", ["async-timeout 5.0.1", "forked 1.0", "forked 2.0", "newest 1.0", "redis 6.4.0"]),
]


def lock(requires: str) -> Pylock:
    packages = []
    for name, version, marker in PACKAGES:
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        wheel = {"name": filename, "url": f"https://index.test/{filename}", "hashes": {"sha256": "0" * 64}}
        packages.append({"name": name, "version": version, "wheels": [wheel], **({"marker": marker} if marker else {})})
    return Pylock.from_dict(
        {"lock-version": "1.0", "created-by": "tests", "requires-python": requires, "packages": packages}
    )


@pytest.mark.parametrize(("python", "requires", "taken"), TAKEN)
def test_both_ends_are_served(python: str, requires: str, taken: list[str]) -> None:
    target = Target.parse({"python": python, "platform": "x86_64-manylinux_2_36"})
    found = select(lock(requires), [target], Preferences())
    assert [f"{choice.name} {choice.version}" for choice in found.choices] == taken
    assert found.obstacles == ()
