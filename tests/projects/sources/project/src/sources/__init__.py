# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what each dependency says of itself."""

from __future__ import annotations

import importlib
import json

import docopt
import markupsafe._speedups

NAMES = (
    "index_wheel",
    "index_sdist",
    "page_wheel",
    "folder_wheel",
    "url_wheel",
    "url_sdist",
    "url_archive",
    "path_wheel",
    "path_sdist",
    "git_root",
    "git_part",
    "git_large",
    "beside",
    "edited",
    "inner",
    "outer",
)


def main() -> None:
    said = {name: importlib.import_module(name).SAYS for name in NAMES}
    said["markupsafe"] = markupsafe._speedups._escape_inner("<")
    said["docopt"] = docopt.docopt("Usage: sources NAME", ["given"])["NAME"]
    print(json.dumps(said))
