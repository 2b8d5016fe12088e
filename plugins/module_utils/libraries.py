# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The third-party libraries of the controller, imported in one place.

`ansible-test` and hosts import these files without the libraries, so an absent one must not
raise here: `require()` names all that lack, in one error, before any is used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ansible_collections.airgap.uv.plugins.module_utils.errors import LibrariesMissing

__all__ = (
    "NEEDED",
    "markers",
    "pathspec",
    "pylock",
    "requests",
    "require",
    "requirements",
    "specifiers",
    "tags",
    "tomli",
    "tomli_w",
    "utils",
    "version",
)

# What to install, by the name that is imported. The minimum versions stand here and nowhere else.
NEEDED = {
    "packaging": "packaging>=26.3",
    "requests": "requests>=2.28",
    "tomli": "tomli>=2.0",
    "tomli_w": "tomli-w>=1.0",
    "pathspec": "pathspec>=0.12",
}

_missing: list[str] = []

if TYPE_CHECKING:
    import pathspec
    import requests
    import requests.adapters
    import tomli
    import tomli_w
    from packaging import markers, pylock, requirements, specifiers, tags, utils, version
else:
    try:
        import packaging
        from packaging import markers, pylock, requirements, specifiers, tags, utils, version

        if version.Version(packaging.__version__) < version.Version("26.3"):
            _missing.append("packaging")
    except ImportError:
        markers = pylock = requirements = specifiers = tags = utils = version = None
        _missing.append("packaging")
    try:
        import requests
        import requests.adapters
    except ImportError:
        requests = None
        _missing.append("requests")
    try:
        import tomli
    except ImportError:
        tomli = None
        _missing.append("tomli")
    try:
        import tomli_w
    except ImportError:
        tomli_w = None
        _missing.append("tomli_w")
    try:
        import pathspec
    except ImportError:
        pathspec = None
        _missing.append("pathspec")


def require() -> None:
    """Raise `LibrariesMissing` when this interpreter lacks a library, or has one too old."""
    if _missing:
        raise LibrariesMissing(sys.executable, [NEEDED[name] for name in _missing])
