# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    frontend = settings.BASE_DIR / "frontend" / "dist" / "app.js"
    return render(request, "page.html", {"frontend": frontend.read_text() if frontend.exists() else "absent"})


urlpatterns = [path("", page)]
