"""One server for a whole test run (共用): the first process that needs it starts it for all.

A guard (this file, run as a program) keeps it and takes it down once every test process is gone,
however they ended: each holds a shared lock on a file as long as it lives, and the guard waits for
it alone. ``python tests/servers/shared.py install`` only installs, ``… run KIND PORT FOLDER`` runs
one in the foreground for somebody at a desk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from servers import cached, running

_PATIENCE = 220


def shared(kind: str, run: str) -> str:
    """Where the server of this kind and this test run answers.

    Raises `cached.Missing`. The lock is never let go of: the system does, when we end.
    """
    folder = Path(tempfile.gettempdir()) / f"juzhen-{kind}-{run}"
    running.archive(kind)
    with cached.turn(f"{kind}-{run[:8]}"):
        while not _use(folder):
            time.sleep(0.05)  # another guard is taking it down just now
        if not (folder / "address").exists():
            _guarded(kind, folder)
    (cached.home() / f"{kind}-{run[:8]}.lock").unlink(missing_ok=True)
    return (folder / "address").read_text()


def _use(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    users = os.open(folder / "users", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        os.close(users)
        return False
    return True


def _guarded(kind: str, folder: Path) -> None:
    with (folder / "log").open("a") as log:
        guard = subprocess.Popen(
            [sys.executable, __file__, "guard", kind, str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + _PATIENCE
    while not (folder / "address").exists():
        if guard.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{kind} did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.05)
    guard.returncode = 0  # it outlives us on purpose: no warning that it still runs


def _guard(kind: str, folder: Path) -> None:
    """Run the server until all test processes are gone."""
    server = running.MAKERS[kind]()
    try:
        server.start().ready()
        (folder / "new").write_text(server.url)
        (folder / "new").rename(folder / "address")
        with (folder / "users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            (folder / "address").unlink()
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _main(told: list[str]) -> None:
    what, *more = told
    if what == "guard":
        _guard(more[0], Path(more[1]))
    elif what == "install":
        for kind in more or list(cached.INSTALLERS):
            running.archive(kind)
            print(f"{kind} is installed in {cached.home()}")
    else:
        kind, port, folder = more
        make = {"elasticsearch": running.elasticsearch, "opensearch": running.opensearch}
        server = make.get(kind, running.s3)(Path(folder), int(port))
        print(f"{server.url} answers", server.start().ready() and "", flush=True)
        try:
            server.wait()
        finally:
            server.stop()


if __name__ == "__main__":
    _main(sys.argv[1:])
