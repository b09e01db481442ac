"""A real server that runs (服务器): started on free loopback ports, stopped, killed, held still.

The search servers keep their data in memory where the machine has such a folder: what is tested is
that they answer right, not the disk. Installing them is `servers.cached`'s business.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from servers import cached

KEY, SECRET = "testkey", "testsecretkey"
"""What the S3 server of the tests is opened with."""
_PATIENCE = 200


class Server:
    """One process. ``url`` is where it answers."""

    def __init__(self, kind: str, command: Sequence[str | Path], port: int, folder: Path) -> None:
        self.kind = kind
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.command = list(map(str, command))
        self.apart = False
        """Ctrl-C at our desk does not reach it."""
        self._port = port
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        """Start it, and return before it answers; see `ready`."""
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=self.apart,
            )  # fmt: skip
        return self

    def ready(self) -> Server:
        """Wait until it answers. Raises `RuntimeError` with its log if it does not."""
        until = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._running is None or self._running.poll() is not None:
                raise RuntimeError(f"{self.kind} did not start:\n{self._log()}")
            if time.monotonic() > until:
                raise RuntimeError(f"{self.kind} does not answer:\n{self._log()}")
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        if self.kind != "s3" and "READY" not in self._log():
            return False
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def _log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")[-20_000:]

    def wait(self) -> None:
        """Until it ends by itself."""
        if self._running is not None:
            self._running.wait()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        if self._running is not None:
            self.thaw()
            self._running.send_signal(sign)
            self._running.wait()
            self._running = None
            (self.folder / "log").write_bytes(b"")

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        if self._running is not None:
            self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it and everything it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def elasticsearch(folder: Path | None = None, port: int = 0, **settings: str) -> Server:
    """One node; ``settings`` are the server's, with ``__`` for a dot. Not started yet."""
    kept, port = cached.elasticsearch(), port or free_port()
    home = _home(folder)
    (home / "config").mkdir(exist_ok=True)
    (home / "plugins").mkdir(exist_ok=True)
    if not (home / "modules").exists():
        (home / "modules").symlink_to(kept / "modules")
    settings = {"transport.port": str(free_port())} | _dotted(settings)
    command = [
        *_java(kept), f"-Djava.library.path={kept}/native", "--enable-native-access=ALL-UNNAMED",
        "--add-modules", "jdk.incubator.vector", "rig.Start", home, str(port),
        *(f"{name}={value}" for name, value in settings.items()),
    ]  # fmt: skip
    return Server("elasticsearch", command, port, home)


def elasticsearch_nodes(count: int, **settings: str) -> list[Server]:
    """Nodes of one cluster, none started yet."""
    doors = [(free_port(), free_port()) for _ in range(count)]
    told = {
        "discovery__seed_hosts": ",".join(f"127.0.0.1:{transport}" for _, transport in doors),
        "cluster__initial_master_nodes": ",".join(f"n{port}" for port, _ in doors),
    }
    return [
        elasticsearch(port=port, transport__port=str(transport), **told, **settings)
        for port, transport in doors
    ]


def opensearch(folder: Path | None = None, port: int = 0, **settings: str) -> Server:
    """One node. Not started yet."""
    kept, port = cached.opensearch(), port or free_port()
    home = _home(folder)
    settings = {"transport.port": str(free_port())} | _dotted(settings)
    told = [f"{name}={value}" for name, value in settings.items()]
    return Server("opensearch", [*_java(kept), "Start", home, str(port), *told], port, home)


def s3(folder: Path | None = None, port: int = 0, *, domain: str = "") -> Server:
    """An S3 gateway over a folder, opened with `KEY` and `SECRET`. Not started yet.

    Under a ``domain`` the host names the bucket."""
    program, port = cached.versitygw(), port or free_port()
    home = _home(folder)
    (home / "objects").mkdir(exist_ok=True)
    command = [
        program, "--quiet", "--port", f"127.0.0.1:{port}", "--access", KEY, "--secret", SECRET,
        *(["--virtual-domain", domain] if domain else []), "posix", home / "objects",
    ]  # fmt: skip
    return Server("s3", command, port, home)


def _java(kept: Path) -> list[str | Path]:
    """A start in a quarter of the CPU time: one compiler, and classes loaded from an archive."""
    archive = kept / "classes.jsa"
    heap = "2g" if os.environ.get("JUZHEN_SOAK") == "1" else "400m"
    sharing = [f"-XX:SharedArchiveFile={archive}", "-Xlog:disable"] if archive.exists() else []
    return [
        cached.java() / "bin" / "java", f"-Xms{heap}", f"-Xmx{heap}", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", *sharing, "-cp", f"{kept}/start.jar:{kept}/core/*",
    ]  # fmt: skip


def archive(kind: str) -> None:
    """Start it once and keep what Java has loaded, so that later starts are quick."""
    kept = cached.INSTALLERS[kind]()
    with cached.turn(f"{kind}-archive"):
        if kind != "s3" and not (kept / "classes.jsa").exists():
            server = MAKERS[kind]()
            server.command.insert(1, f"-XX:ArchiveClassesAtExit={kept}/classes.new")
            server.start().ready().stop()
            server.remove()
            (kept / "classes.new").rename(kept / "classes.jsa")


def _home(folder: Path | None) -> Path:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.absolute()
    quick = Path("/dev/shm")
    within = quick if quick.is_dir() and os.access(quick, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="juzhen-server-", dir=within))


def _dotted(settings: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in settings.items()}


MAKERS: dict[str, Callable[[], Server]] = {
    "elasticsearch": elasticsearch, "opensearch": opensearch, "s3": s3
}  # fmt: skip
