# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock that was made against the public index is collected through a mirror alone: devpi, as a proxy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli
from ansible_collections.airgap.uv.tests.unit.support.real import (
    PLATFORM,
    build_folder,
    compiler,
    find_python,
    network_environment,
)
from ansible_collections.airgap.uv.tests.unit.support.running import Module
from ansible_collections.airgap.uv.tests.unit.support.wheels import sha256

TESTS = Path(__file__).resolve().parents[1]
PORT = 3141  # in a network where nothing else listens
MIRROR = f"http://127.0.0.1:{PORT}/root/main/+simple/"
SECONDS = 60

# Twelve wheels, two sdists with C, and what their builds need.
PROJECT = "genmod"
PYTHON = "3.12"


def network_of_its_own() -> bool:
    return (
        all(shutil.which(program) for program in ("curl", "ip", "unshare"))
        and subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    )


def registry(lock: Path) -> str:
    """The one index of a lock."""
    packages = tomli.loads(lock.read_text(encoding="utf-8"))["package"]
    (url,) = {package["source"]["registry"] for package in packages if "registry" in package["source"]}
    return str(url)


@pytest.fixture
def devpi(locks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A devpi that is a proxy for the lock's index; the Unix socket that it listens on."""
    folder = tmp_path_factory.mktemp("devpi")
    venv = build_folder() / "venv" / "devpi"
    pins = TESTS / "requirements" / "devpi.txt"
    subprocess.run([sys.executable, TESTS / "tools" / "venv.py", venv, pins], check=True)
    python = str(venv / "bin" / "python")
    environment = network_environment(folder / "home")
    where = ["--serverdir", str(folder / "server")]
    init = "import sys; from devpi_server.init import init; sys.exit(init())"
    subprocess.run([python, "-W", "ignore", "-c", init, *where, "--no-root-pypi"], env=environment, check=True)
    socket = folder / "socket"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(venv / "bin" / "devpi-server"), *where, "--unix-socket", str(socket)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            settings = {"type": "mirror", "mirror_url": registry(locks / PROJECT / "uv.lock") + "/", "volatile": False}
            settings["mirror_no_project_list"] = True
            put(socket, "root/main", settings)
            yield socket
        finally:
            server.terminate()
            server.wait(SECONDS)


def put(socket: Path, path: str, settings: dict[str, object]) -> None:
    command = ["curl", "--silent", "--show-error", "--fail", "--unix-socket", str(socket), "--user", "root:"]
    command += ["--retry", str(SECONDS), "--retry-delay", "1", "--retry-all-errors", "--request", "PUT"]
    command += ["--header", "Content-Type: application/json", "--data", json.dumps(settings)]
    subprocess.run([*command, f"http://localhost/{path}"], check=True, capture_output=True)


@pytest.mark.skipif(
    not network_of_its_own(), reason="a process with a network of its own takes curl, ip, unshare, and root"
)
@pytest.mark.skipif(not compiler(), reason="there is no C compiler")
def test_through_a_mirror_alone(locks: Path, devpi: Path, uv_wheelhouse: Module, tmp_path: Path) -> None:
    found = find_python(PYTHON)
    if not found:
        pytest.skip(f"Python {PYTHON} is not installed")
    alone = ("unshare", "--net", sys.executable, str(TESTS / "unit" / "support" / "alone.py"), str(devpi), str(PORT))
    given = {
        "frozen": True,
        "no_install_local": True,
        "project": locks / PROJECT,
        "wheelhouse": tmp_path / "wheels",
        "stage": {"path": tmp_path / "stage"},
        "targets": [{"python": found[1], "platform": PLATFORM}],
        "uv": "same",
        "retries": 0,
        "timeout": 10,
    }
    cut_off = uv_wheelhouse(patience=300, wrapper=alone, **given)
    assert cut_off.failed
    assert not list((tmp_path / "wheels").rglob("*.whl"))

    index = registry(locks / PROJECT / "uv.lock")
    result = uv_wheelhouse(patience=600, wrapper=alone, mirrors={index: MIRROR}, **{**given, "timeout": 60})
    assert not result.failed, result.msg
    kinds = [wheel["origin"]["kind"] for wheel in result["wheels"]]
    assert (kinds.count("index"), kinds.count("sdist")) == (13, 2)  # uv's own is among the former
    for wheel in result["wheels"]:
        assert sha256(tmp_path / "wheels" / wheel["path"]) == wheel["sha256"]
        assert "127.0.0.1" not in json.dumps(wheel["origin"])
