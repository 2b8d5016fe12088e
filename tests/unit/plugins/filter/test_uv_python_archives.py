# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both filters about archives: what the list becomes, and how one of it travels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.airgap.uv.plugins.filter.uv_archive_tree import uv_archive_tree
from ansible_collections.airgap.uv.plugins.filter.uv_python_archives import uv_python_archives
from ansible_collections.airgap.uv.plugins.module_utils.transfer import parse_trees
from ansible_collections.airgap.uv.tests.unit.support.standalone import sha256

NAME = "cpython-3.12.7+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz"


@pytest.fixture
def raw(tmp_path: Path) -> dict[str, Any]:
    """An archive beside the playbooks' folder."""
    (tmp_path / NAME).write_bytes(b"bytes")
    return {"path": f"../{NAME}", "hash": sha256(tmp_path / NAME)}


def test_a_list_in_plain_words(tmp_path: Path, raw: dict[str, Any]) -> None:
    assert uv_python_archives([raw], str(tmp_path / "playbooks")) == [
        {
            "path": str(tmp_path / NAME),
            "name": NAME,
            "hash": f"sha256:{raw['hash']}",
            "python": "3.12.7",
            "platform": "x86_64-unknown-linux-gnu",
            "size": 5,
        }
    ]
    assert uv_python_archives([], "/") == []


def test_it_travels_to_a_folder_of_its_own(tmp_path: Path, raw: dict[str, Any]) -> None:
    (archive,) = uv_python_archives([raw], str(tmp_path / "playbooks"))
    tree = uv_archive_tree(archive, "/opt/app")
    assert tree == {
        "src": str(tmp_path),
        "dest": f"/opt/app/python/archives/{raw['hash'][:12]}",
        "files": [{"path": NAME, "size": 5, "sha256": raw["hash"], "mode": "0644"}],
    }
    parse_trees([tree])


def test_other_bytes_never_travel(tmp_path: Path, raw: dict[str, Any]) -> None:
    (archive,) = uv_python_archives([raw], str(tmp_path / "playbooks"))
    (tmp_path / NAME).write_bytes(b"other")
    with pytest.raises(AnsibleFilterError, match=f"has sha256 .* but its hash was given as {raw['hash']}"):
        uv_archive_tree(archive, "/opt/app")


BAD = [
    ("no list", "uv_deploy_python_archives: a list is wanted, each with `path` and `hash`."),
    ([{"path": NAME}], "uv_deploy_python_archives[0].hash: None is none; write sha256: and its 64 digits."),
    ([{"path": NAME, "hash": "0" * 64}], f"{NAME} cannot be read: there is no such file on the controller."),
]


@pytest.mark.parametrize(("raw", "said"), BAD)
def test_bad_input_gets_a_sentence(tmp_path: Path, raw: object, said: str) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        uv_python_archives(raw, str(tmp_path))
    assert said in str(raised.value)
