# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.errors import FileInvalid
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.uv import parse_pylock

HEAD = 'lock-version = "1.0"\ncreated-by = "another"\n[[packages]]\nname = "zeta"\nversion = "1.0"\n'
GOOD = f'hashes = {{ sha256 = "{"aB" * 32}" }}'
FILE = "https://index.test/zeta-1.0"

ODD = {
    f'archive = {{ url = "{FILE}.zip", hashes = {{ sha256 = "../../../etc/passwd" }} }}': "sha256 that is none ('../",
    f'sdist = {{ url = "{FILE}.tar.gz", hashes = {{ sha256 = "{"a" * 63}" }} }}': "sha256 that is none",
    f'wheels = [{{ url = "{FILE}-py3-none-any.whl", hashes = {{ sha256 = "{"g" * 64}" }} }}]': "sha256 that is none",
    f'wheels = [{{ name = "zeta-1.0-py3-none-any.whl", url = "http://[::1", {GOOD} }}]': "URL that is none (Inv",
    f'archive = {{ url = "http://index.test:port/zeta-1.0.zip", {GOOD} }}': "URL that is none (Port could not be",
    'vcs = { type = "git", url = "https://[x/zeta.git", commit-id = "0" }': "URL that is none (",
    f'index = "https://[/simple"\nsdist = {{ url = "{FILE}.tar.gz", {GOOD} }}': "URL that is none (",
}


@pytest.mark.parametrize("package", list(ODD))
def test_what_is_odd_is_refused_by_name(package: str, tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(HEAD + package, encoding="utf-8")
    for read in (lambda: Lockfile.read(path), lambda: parse_pylock(HEAD + package, str(path))):
        with pytest.raises(FileInvalid) as caught:
            read()
        assert str(caught.value).startswith(f"{path} is not valid: zeta has a {ODD[package]}")


@pytest.mark.parametrize("package", [f'sdist = {{ url = "{FILE}.tar.gz", {GOOD} }}', 'directory = { path = "." }'])
def test_what_is_not(package: str) -> None:
    assert [each.name for each in parse_pylock(HEAD + package, "here").packages] == ["zeta"]
