"""Serving (启动网页进程): hands the front to granian. Answers nothing itself."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os

from juzhen import logs, metrics, origin
from juzhen.settings import BadSetting, Settings, environment_of, require_keys

_BEHIND = (
    "juzhen.wiring",
    "juzhen.web.front",
    "juzhen.web.app",
    "juzhen.web.collect",
    "juzhen.web.swift",
)
"""What `juzhen.web.front.build` asks for, with all nine rooms behind it."""


def serve(settings: Settings) -> None:
    """Answer requests until stopped. Stopping finishes what is being answered."""
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    require_keys(settings)  # else every process that granian starts would die of it, for ever
    logs.start(settings.log_level, process="web")
    if strangers := origin.strangers():
        raise BadSetting(f"another project installed these in our place: {', '.join(strangers)}")
    metrics.share(settings.home / "run" / "metrics")
    os.environ.update(environment_of(settings))
    _import_once()
    Granian(
        "juzhen.web.front:app",
        address=settings.web_host,
        port=settings.web_port,
        interface=Interfaces.RSGI,
        workers=settings.web_processes,
        runtime_threads=1,
        loop=Loops.uvloop,
        backlog=2048,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_access=False,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def _import_once() -> None:
    """Import the house before the processes part: importing is most of what a start takes, and
    who is started again after a fall has it done. They collect garbage again when they are built.
    """
    if multiprocessing.get_start_method() != "fork":
        return
    gc.disable()  # nearly all of this stays for ever
    for module in _BEHIND:
        importlib.import_module(module)
    gc.freeze()
