# Copyright: (c) 2026, airgap.uv contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web page that tells which distributions it runs on."""
