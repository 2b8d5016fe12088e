# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter adds to the preflight: it looks at the archive on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.airgap.uv.plugins.filter.uv_obstacles import uv_obstacles
from ansible_collections.airgap.uv.plugins.filter.uv_python_archives import uv_python_archives
from ansible_collections.airgap.uv.tests.unit.support.standalone import sha256

NAME = "cpython-3.12.7+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz"
HOST = {"target": {"python": "3.12.7"}, "python": {"arrives": NAME, "installed": False}, "user": "root"}


def texts(wish: dict[str, Any]) -> list[str]:
    return [obstacle["text"] for obstacle in uv_obstacles(HOST, {"path": "/opt/app", **wish})["obstacles"]]


def test_an_archive_with_other_bytes_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"bytes")
    given = {"path": NAME, "hash": sha256(tmp_path / NAME)}
    (archive,) = uv_python_archives([given], str(tmp_path))
    assert texts({"archive": archive}) == []
    (tmp_path / NAME).write_bytes(b"other")
    (said,) = texts({"archive": archive})
    assert NAME in said
    (tmp_path / NAME).unlink()
    (said,) = texts({"archive": archive})
    assert NAME in said


@pytest.mark.parametrize("archive", [None, "", {}])
def test_without_an_archive(archive: object) -> None:
    assert texts({"archive": archive}) == []


def test_what_is_no_dictionary_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="uv_obstacles wants"):
        uv_obstacles([], {})  # type: ignore[arg-type]
