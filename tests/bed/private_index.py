# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""devpi-server whose pages and files nobody reads without a user and password of its own.

Usage: private_index.py OPTION...    (those of devpi-server)

devpi leaves that to a web server in front of it, which asks it who may pass. Here a plugin of its own
does, by the hook that it has for plugins. It runs in the environment of tests/requirements/devpi.txt.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from devpi_server.config import get_pluginmanager, hookimpl
from devpi_server.main import _main
from pyramid.httpexceptions import HTTPUnauthorized


def tween(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """Ask everyone for credentials, and let devpi judge them."""

    def guarded(request: Any) -> Any:
        if request.authenticated_userid is None:
            return HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="index"'})
        return handler(request)

    return guarded


@hookimpl
def devpiserver_pyramid_configure(config: Any, pyramid_config: Any) -> None:
    pyramid_config.add_tween(f"{__name__}.tween", under="devpi_server.views.tween_keyfs_transaction")


def main() -> int:
    manager = get_pluginmanager()
    manager.register(sys.modules[__name__])
    return int(_main(manager, argv=["devpi-server", *sys.argv[1:]]) or 0)


if __name__ == "__main__":
    sys.exit(main())
