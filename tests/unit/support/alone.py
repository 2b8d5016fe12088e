# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command in a network of its own, from which one server can be reached and nothing else.

Usage: unshare --net python alone.py SOCKET PORT COMMAND...

The server listens on the Unix socket SOCKET, which belongs to no network; here it is 127.0.0.1:PORT.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading

PATIENCE = 10  # seconds for the server here to listen


def serve(path: str, port: int, listens: threading.Event) -> None:
    async def forever() -> None:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_unix_connection(path)
            await asyncio.gather(forward(reader, far_writer), forward(far_reader, writer))

        server = await asyncio.start_server(client, "127.0.0.1", port, backlog=128)
        listens.set()
        async with server:
            await server.serve_forever()

    asyncio.run(forever())


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


def main(path: str, port: int, command: list[str]) -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listens = threading.Event()
    threading.Thread(target=serve, args=(path, port, listens), daemon=True).start()
    if not listens.wait(PATIENCE):
        sys.exit("nothing listens")
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
