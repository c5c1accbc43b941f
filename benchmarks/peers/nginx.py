"""nginx, as Debian packages it, serving files: what a server in C that asks nobody and logs to a file can do here."""

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import debian
from benchmarks.peers.waiting import free_port, until_ready

# Debian's settings: as many processes as cores, sendfile, an access log. Connections are kept for as long as the others
# keep theirs.
_SETTINGS = """\
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    sendfile on;
    tcp_nopush on;
    access_log {folder}/access.log;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {content};
    }}
}}
"""


@contextmanager
def running_nginx(folder: Path, content: Path) -> Iterator[int]:
    """nginx serving the files below `content`; gives its port. Raises PeerMissing where it can't be had."""
    command = debian.release().command("usr/sbin/nginx")
    folder.mkdir(parents=True)
    port = free_port()
    settings = folder / "nginx.conf"
    # As root it would give its processes to a user who can't read what belongs to root.
    settings.write_text("user root;\n" * _is_root() + _SETTINGS.format(folder=folder, content=content, port=port))
    started = [*command, "-e", str(folder / "error.log"), "-c", str(settings)]
    process = subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_ready(process, "nginx", lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def _is_root() -> bool:
    return os.geteuid() == 0


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    return True
