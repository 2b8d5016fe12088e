# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the bootstrap script of ansible-test: pip comes from ensurepip, or from another pip."""

import subprocess
import sys

try:
    import ensurepip
except ImportError:
    subprocess.check_call(["pip3", "--python", sys.executable, "install", "--quiet", "pip"])
else:
    ensurepip.bootstrap(default_pip=True)
