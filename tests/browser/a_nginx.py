"""Debian's nginx in front of the service, as the guide or a bug report configures it."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pwd import getpwuid
from socket import create_connection

from tests.installing import debian_program
from tests.postgres import free_port

PATIENCE_SECONDS = 10
CONFIGURATION = """\
daemon off;
user {user};
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  types {{ text/html html; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/pages;
    {locations}
  }}
}}
"""


@contextmanager
def nginx(locations: str, folder: Path, *, page: str) -> Iterator[str]:
    """The origin of an nginx with these ``locations``; elsewhere it serves ``page`` as ``/article.html``."""
    program = debian_program("/usr/sbin/nginx", ["nginx-light"])
    port = free_port()
    (folder / "pages").mkdir()
    (folder / "pages/article.html").write_text(page)
    configuration = CONFIGURATION.format(
        user=getpwuid(os.geteuid()).pw_name, folder=folder, port=port, locations=locations
    )
    (folder / "nginx.conf").write_text(configuration)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"],
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_listening(process, port, folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError((folder / "output").read_text() + (folder / "error.log").read_text())
