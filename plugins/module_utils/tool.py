# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv itself, as a wheel for the targets."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.uv import Uv, parse_pylock
from ansible_collections.airgap.uv.plugins.module_utils.wheelhouse import write_text

_SAME = "same"


def tool_lock(
    wanted: str, uv: Uv, index: str | None, cache: Path, keep: bool, mirrored: str | None = None
) -> pylock.Pylock:
    """All wheels of a uv version (`same`: the one that collects). What the index said of it is kept in `cache`.

    `mirrored`: the index that `index` is the mirror of. Its page stands for the files then, for a mirror's own URLs
    are no origin: the manifest is the same at every site.
    """
    version = str(uv.version) if wanted == _SAME else wanted
    kept = cache / (f"uv-{version}.mirrored.pylock.toml" if mirrored else f"uv-{version}.pylock.toml")
    if kept.is_file():
        text = kept.read_text(encoding="utf-8")
    else:
        with tempfile.TemporaryDirectory(prefix="airgap-uv-") as folder:
            text = uv.compile(f"uv=={version}", index, Path(folder))
        if keep:
            write_text(kept, text)
    found = parse_pylock(text, f"what the index says of uv {version}")
    # It says the Python that asked; uv's wheel holds a program, which minds none.
    packages = [_on_page(package, mirrored) for package in found.packages] if mirrored else found.packages
    return dataclasses.replace(found, requires_python=None, packages=packages)


def _on_page(package: pylock.Package, index: str) -> pylock.Package:
    page = f"{index.rstrip('/')}/{package.name}/"
    wheels = [
        dataclasses.replace(wheel, name=wheel.filename, url=f"{page}#{wheel.filename}", path=None)
        for wheel in package.wheels or ()
    ]
    return dataclasses.replace(package, index=index, wheels=wheels, sdist=None)
