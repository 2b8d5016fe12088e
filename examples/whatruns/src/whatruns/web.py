# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two answers: a page and JSON."""

from __future__ import annotations

import orjson
from flask import Flask, Response, render_template

from whatruns.inventory import Inventory


def create_app() -> Flask:
    app = Flask(__name__)
    inventory = Inventory.take()  # a release never changes while it runs

    @app.get("/")
    def page() -> str:
        return render_template("page.html", inventory=inventory)

    @app.get("/api/distributions")
    def distributions() -> Response:
        return Response(orjson.dumps(inventory), mimetype="application/json")

    return app
