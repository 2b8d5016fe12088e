# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web server on loopback: the files of a folder, and the git repositories in it.

Usage: web.py FOLDER PORT_FILE

Files are given as they are. What lies in FOLDER/git are repositories, for which git's own
git-http-backend(1) answers; they want the user and password in WEB_USER and WEB_PASSWORD, if these are set.
What Git LFS keeps beside them are files FOLDER/lfs/SHA256 (batch API, for downloads alone). The port is the
system's choice and is written to PORT_FILE once the server listens.
"""

from __future__ import annotations

import base64
import functools
import gzip
import http.server
import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/git/"):
            self.answer_git()
        else:
            super().do_GET()

    def do_POST(self) -> None:
        if self.path.startswith("/git/") and self.path.endswith("/info/lfs/objects/batch"):
            self.answer_lfs()
        elif self.path.startswith("/git/"):
            self.answer_git()
        else:
            self.send_error(405)

    def let_in(self) -> bool:
        """Ask whoever is unknown for credentials."""
        wanted = authorization()
        if wanted in ("", self.headers.get("Authorization")):
            return True
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def answer_lfs(self) -> None:
        """Say where the files are that are asked for."""
        if not self.let_in():
            return
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["objects"]
        where = f"http://{self.headers['Host']}/lfs/"
        found = [{**each, "actions": {"download": {"href": where + each["oid"]}}} for each in wanted]
        content = json.dumps({"transfer": "basic", "objects": found}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer_git(self) -> None:
        """Hand a request to git (CGI, RFC 3875), and what it says to the client."""
        if not self.let_in():
            return
        url = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(Path(self.directory) / "git"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": urllib.parse.unquote(url.path[len("/git") :]),
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        done = subprocess.run(["git", "http-backend"], env=environ, input=body, capture_output=True, check=False)
        head, _blank, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((value for name, value in fields if name == "Status"), "200")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def authorization() -> str:
    """The header that lets somebody in, or nothing where everybody may come."""
    if "WEB_PASSWORD" not in os.environ:
        return ""
    who = f"{os.environ['WEB_USER']}:{os.environ['WEB_PASSWORD']}"
    return "Basic " + base64.b64encode(who.encode()).decode()


def main(folder: str, port_file: Path) -> None:
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        port_file.write_text(str(server.server_address[1]), encoding="utf-8")
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
