# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv's own words, as versions 0.5.0, 0.8.0 and 0.13.8 printed them, and what they are taken for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.errors import CommandError
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import (
    FetchedWrong,
    LockOutdated,
    LockUnreadable,
    NotFetched,
    NoWheelForPlatform,
    PythonNotFound,
    PythonUnfit,
    Unwritable,
    UvVersionRefused,
    WheelMissing,
    WheelsChanged,
)
from ansible_collections.airgap.uv.plugins.module_utils.sync_failure import changed_wheels, diagnose
from ansible_collections.airgap.uv.plugins.module_utils.sync_options import Options

A, B = "a" * 64, "b" * 64
BETA = "https://index.test/files/beta-1.5-py3-none-any.whl"
CASES: dict[str, tuple[str, type[Exception], dict[str, Any]]] = {
    "index serves other bytes, 0.5.0": (
        "error: Failed to prepare distributions\n  Caused by: Failed to download `beta==1.5`\n"
        f"  Caused by: Hash mismatch for `beta==1.5`\n\nExpected:\n  sha256:{A}\n\nComputed:\n  sha256:{B}\n",
        FetchedWrong,
        {"package": "beta==1.5", "expected": f"sha256:{A}", "computed": f"sha256:{B}"},
    ),
    "index serves other bytes, 0.8.0": (
        "  × Failed to download `beta==1.5`\n  ╰─▶ Hash mismatch for `beta==1.5`\n\n      Expected:\n"  # noqa: RUF001
        f"        sha256:{A}\n\n      Computed:\n        sha256:{B}\n  help: `beta` (v1.5) was included\n",
        FetchedWrong,
        {"package": "beta==1.5", "expected": f"sha256:{A}", "computed": f"sha256:{B}"},
    ),
    "index serves other bytes, 0.13.8": (
        "error: Failed to download `beta==1.5`\n  cause: Hash mismatch for `beta==1.5`\n\n         Expected:\n"
        f"           sha256:{A}\n\n         Computed:\n           sha256:{B}\n\nhint: `beta` was included\n",
        FetchedWrong,
        {"package": "beta==1.5", "expected": f"sha256:{A}", "computed": f"sha256:{B}"},
    ),
    "index asks for a password, 0.5.0": (
        "error: Failed to prepare distributions\n  Caused by: Failed to download `beta==1.5`\n"
        f"  Caused by: Failed to fetch: `{BETA}`\n"
        f"  Caused by: HTTP status client error (401 Unauthorized) for url ({BETA})\n",
        NotFetched,
        {"package": "beta==1.5", "url": BETA, "status": "401 Unauthorized", "reason": "401 Unauthorized"},
    ),
    "index asks for a password, 0.13.8": (
        f"error: Failed to download `beta==1.5`\n  cause: Failed to fetch: {BETA}\n"
        f"  cause: HTTP status client error (401 Unauthorized) for url ({BETA})\n\nhint: `beta` (v1.5) was included\n",
        NotFetched,
        {"package": "beta==1.5", "url": BETA, "status": "401 Unauthorized", "reason": "401 Unauthorized"},
    ),
    "index lacks the file, 0.8.0": (
        f"  × Failed to download `beta==1.5`\n  ├─▶ Failed to fetch: `{BETA}`\n"  # noqa: RUF001
        f"  ╰─▶ HTTP status client error (404 Not Found) for url ({BETA})\n  help: `beta` (v1.5) was included\n",
        NotFetched,
        {"status": "404 Not Found"},
    ),
    "index out of reach, 0.5.0": (
        "error: Failed to prepare distributions\n  Caused by: Failed to download `beta==1.5`\n"
        f"  Caused by: Failed to fetch: `{BETA}`\n  Caused by: Request failed after 3 retries\n"
        f"  Caused by: error sending request for url ({BETA})\n  Caused by: client error (Connect)\n"
        "  Caused by: tcp connect error: Connection refused (os error 111)\n"
        "  Caused by: Connection refused (os error 111)\n",
        NotFetched,
        {"package": "beta==1.5", "url": BETA, "status": "", "reason": "Connection refused (os error 111)"},
    ),
    "index out of reach, 0.8.0": (
        f"  × Failed to download `beta==1.5`\n  ├─▶ Failed to fetch: `{BETA}`\n"  # noqa: RUF001
        f"  ├─▶ error sending request for url ({BETA})\n  ├─▶ client error (Connect)\n"
        "  ├─▶ tcp connect error\n  ╰─▶ Connection refused (os error 111)\n  help: `beta` (v1.5) was included\n",
        NotFetched,
        {"status": "", "reason": "Connection refused (os error 111)"},
    ),
    "wheel missing, 0.5.0": (
        "error: Failed to prepare distributions\n  Caused by: Failed to download `beta==1.5`\n"
        "  Caused by: Failed to read from the distribution cache\n"
        "  Caused by: failed to query metadata of file `/opt/wheels/beta-1.5-py3-none-any.whl`\n"
        "  Caused by: No such file or directory (os error 2)\n",
        WheelMissing,
        {"package": "beta==1.5", "wheel": "/opt/wheels/beta-1.5-py3-none-any.whl"},
    ),
    "wheel missing, 0.8.0, wrapped": (
        "  × Failed to download `beta==1.5`\n  ├─▶ Failed to read from the distribution cache\n"  # noqa: RUF001
        "  ╰─▶ failed to query metadata of file\n      `/opt/wheels/beta-1.5-py3-none-any.whl`: No such file or\n"
        "      directory (os error 2)\n  help: `beta` (v1.5) was included because `app` (v1.0)\n",
        WheelMissing,
        {"package": "beta==1.5", "wheel": "/opt/wheels/beta-1.5-py3-none-any.whl"},
    ),
    "no wheel for the platform": (
        "error: Distribution `plat==1.0 @ registry+../../wheels` can't be installed because it doesn't have a source"
        " distribution or wheel for the current platform\n\nhint: You're using CPython 3.11 (`cp311`), but `plat`"
        " (v1.0) only has wheels with the following Python ABI tag: `cp39`\n",
        NoWheelForPlatform,
        {
            "package": "plat==1.0",
            "hint": "You're using CPython 3.11 (`cp311`), but `plat` (v1.0) only has wheels with the following "
            "Python ABI tag: `cp39`",
        },
    ),
    "lock outdated, 0.5.0": (
        "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided. To update the lockfile,"
        " run `uv lock`.\n",
        LockOutdated,
        {"project": "PROJECT"},
    ),
    "lock outdated, and nothing fits what is wanted now": (
        "error: No solution found when resolving dependencies\n  cause: Because there is no version of beta==1.6\n",
        LockOutdated,
        {"project": "PROJECT"},
    ),
    "lock of a higher version": (
        "error: The lockfile at `uv.lock` uses an unsupported schema version (v2, but only v1 is supported)."
        " Downgrade to a compatible uv version\n",
        LockUnreadable,
        {},
    ),
    "broken TOML": (
        "error: Failed to parse `uv.lock`\n  cause: TOML parse error at line 12, column 18\n",
        LockUnreadable,
        {"reason": "Failed to parse `uv.lock` cause: TOML parse error at line 12, column 18"},
    ),
    "Python not found": (
        "error: No interpreter found for Python 3.14 in managed installations or search path\n\n"
        "hint: A managed Python download is available for Python 3.14, but Python downloads are set to 'never'\n",
        PythonNotFound,
        {"said": "No interpreter found for Python 3.14 in managed installations or search path"},
    ),
    "Python does not fit": (
        "Using CPython 3.13.0 interpreter at: /usr/bin/python3\nerror: The requested interpreter resolved to Python"
        " 3.13.0, which is incompatible with the project's Python requirement: `>=3.9, <3.13`\n",
        PythonUnfit,
        {
            "said": "resolved to Python 3.13.0, which is incompatible with the project's Python requirement: "
            "`>=3.9, <3.13`"
        },
    ),
    "another uv demanded": (
        "error: Required uv version `>=99` does not match the running version `0.13.8`\n",
        UvVersionRefused,
        {"said": "Required uv version `>=99` does not match the running version `0.13.8`"},
    ),
    "disk full": (
        "error: Failed to install: beta\n  cause: failed to copy file: No space left on device (os error 28)\n",
        Unwritable,
        {"reason": "No space left on device"},
    ),
    "something else": (
        "error: Failed to fetch: `https://me:secret@index.test/simple/beta/`\n  cause: error sending request\n",
        CommandError,
        {},
    ),
}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """Those of a project with a lock that names one wheel of beta."""
    release = tmp_path / "releases" / "r1"
    release.mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    (release / "pyproject.toml").write_text("")
    (release / "uv.lock").write_text(
        '[[package]]\nname = "beta"\nversion = "1.5"\nsource = { registry = "../../wheels" }\n'
        f'wheels = [\n    {{ path = "beta-1.5-py3-none-any.whl", hash = "sha256:{A}" }},\n]\n'
    )
    return Options.parse({"project": str(release), "locked": True})


@pytest.mark.parametrize("case", CASES)
def test_each_failure_is_known(options: Options, case: str) -> None:
    said, kind, facts = CASES[case]
    error = diagnose(options, ["uv", "sync"], 2, said)
    assert isinstance(error, kind)
    wanted = {key: value.replace("PROJECT", str(options.project)) for key, value in facts.items()}
    assert {key: error.facts()[key] for key in wanted} == wanted
    assert "secret" not in str(error)


FORMS = {
    "as uv writes it": (
        'source = { registry = "../../wheels" }\nwheels = [\n'
        '    { path = "x/beta-1.5-py3-none-any.whl", hash = "sha256:HASH" },\n]\n'
    ),
    "as tomli-w writes it": (
        'wheels = [\n    { path = "x/beta-1.5-py3-none-any.whl", hash = "sha256:HASH" },\n]\n\n'
        '[package.source]\nregistry = "../../wheels"\n'
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_file_is_named_whatever_uv_stumbled_over(options: Options, form: str) -> None:
    lock = '[[package]]\nname = "app"\nsource = { virtual = "." }\n\n[[package]]\nname = "beta"\n' + FORMS[form]
    (options.project / "uv.lock").write_text(lock.replace("HASH", A))
    wheel = options.project.parent.parent / "wheels" / "x" / "beta-1.5-py3-none-any.whl"
    said = "error: Failed to download `beta==1.5`\n  cause: Bad CRC (got 5f1f06a5, expected 81ae5cba)\n"
    assert isinstance(diagnose(options, ["uv", "sync"], 1, said), CommandError)

    wheel.parent.mkdir()
    wheel.write_bytes(b"other")
    computed = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
    error = diagnose(options, ["uv", "sync"], 1, said)
    assert isinstance(error, WheelsChanged)
    assert error.wheels == [{"path": str(wheel), "expected": A, "computed": computed}]

    (options.project / "uv.lock").write_text(lock.replace("HASH", computed))
    assert changed_wheels(options.project) == []
