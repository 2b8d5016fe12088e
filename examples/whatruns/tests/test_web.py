# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from whatruns.web import create_app


def test_the_page_names_the_application() -> None:
    assert "<h1>whatruns" in create_app().test_client().get("/").text


def test_the_json_names_what_is_compiled() -> None:
    answer = create_app().test_client().get("/api/distributions").json
    compiled = {one["name"]: one["compiled"] for one in answer["distributions"]}
    assert compiled["orjson"] and not compiled["Flask"]
