# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates: read once for all connections, which costs more than the connections themselves."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.errors import OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import requests


def context(ca_bundle: str | None) -> ssl.SSLContext:
    """A TLS context with the given authorities, else with those that requests would take."""
    environment = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    authorities = ca_bundle or environment or requests.utils.DEFAULT_CA_BUNDLE_PATH
    try:
        if Path(authorities).is_dir():
            return ssl.create_default_context(capath=authorities)
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:  # ssl.SSLError is one
        raise OptionInvalid(
            "ca_bundle", authorities, f"it holds no certificates ({error.strerror or error})"
        ) from error


def session(shared: ssl.SSLContext) -> requests.Session:
    """A session whose connections all use the one context."""

    class Adapter(requests.adapters.HTTPAdapter):
        """requests would have each connection read the authorities anew, about 35 ms each time."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=shared, **kwargs)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=shared, **kwargs)

        def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
            host, tls = super().build_connection_pool_key_attributes(*args, **kwargs)
            return host, {key: value for key, value in tls.items() if not key.startswith("ca_cert")}

        def cert_verify(self, conn: Any, *_args: Any, **_kwargs: Any) -> None:
            conn.cert_reqs = "CERT_REQUIRED"

    made = requests.Session()
    made.mount("https://", Adapter())
    # A compressed transfer would have other bytes than the file that the hash is of.
    made.headers["Accept-Encoding"] = "identity"
    return made
