"""The reference (参考手册): pages written from the code itself, so that none can fall behind.

One heading for every setting, command, error code, event kind, channel, metric and crash point.
``make docs`` writes them, a test says that they are fresh.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click

from juzhen import metrics
from juzhen.cli import below
from juzhen.settings import Settings, name_of
from kernel.secret import Secret


def write(folder: Path, commands: click.Command) -> list[Path]:
    """Write every page, and say which. ``commands`` is the group of all commands."""
    written = []
    for name, text in pages(commands).items():
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        written.append(page)
    return written


def pages(commands: click.Command) -> dict[str, str]:
    """Every generated page by its path under ``docs/``."""
    from schemas import openapi
    from schemas.graphql import schema

    return {
        "reference/settings.md": _page("Settings 设置", _settings()),
        "reference/commands.md": _page("Commands 命令", _command("juzhen", commands)),
        "reference/errors.md": _page("Errors 错误码", _errors()),
        "reference/events.md": _page("Event kinds 事件目录", _events()),
        "reference/channels.md": _page("Channels 渠道", _channels()),
        "reference/metrics.md": _page("Metrics 指标", _metrics()),
        "reference/crash-points.md": _page("Crash points 崩溃点", _crash_points()),
        "schema.graphql": schema.sdl(),
        "openapi.json": openapi.text(),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(lines)
    return f"# {title}\n\nWritten from the code by `make docs`; edit the code instead.\n\n{body}\n"


def _settings() -> Iterator[str]:
    for each in dataclasses.fields(Settings):
        told = "secret" if isinstance(each.default, Secret) else f"`{each.default!s}`"
        expected = each.metadata["expected"] or next(
            says for kind, says in _KINDS.items() if isinstance(each.default, kind)
        )
        yield f"## {name_of(each.name)}\n\n{each.metadata['about']}\n"
        yield f"Expected: {expected} · default: {told if told != '``' else 'empty'}\n"


_KINDS = {
    Path: "a folder", Secret: "64 hex digits", str: "text", bool: "true or false",
    int: "a whole number", float: "a number",
}  # fmt: skip
"""What is expected of a setting that says no more than its type."""


def _command(path: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for each in below(command):
            yield from _command(f"{path} {each.name}", each)
        return
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    yield f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


def _errors() -> Iterator[str]:
    from juzhen.web.codes import CODES
    from kernel.wording import say

    for name, code in sorted(CODES.items()):
        statuses = " or ".join(str(status) for status in (code.status, *code.also))
        title, cure = ([say(f"{key}_{name}", tongue) for tongue in ("zh", "en")]
                       for key in ("title", "cure"))  # fmt: skip
        yield f"## {name}\n\nHTTP {statuses} · {title[0]} · {title[1]}\n\n{cure[0]}\n{cure[1]}\n"


def _events() -> Iterator[str]:
    from data_hub.catalogue import KINDS
    from data_hub.completeness import figures_of

    for name, kind in sorted(KINDS.items()):
        needs = ", ".join(kind.required) or "nothing more"
        used = ", ".join(figures_of(name)) or "no figure"
        yield (
            f"## {name}\n\n{kind.zh} · {kind.en}\n\nOwner: {kind.owner} · version "
            f"{kind.version} · needs: {needs} · counted in: {used}\n"
        )


def _channels() -> Iterator[str]:
    from juzhen.wiring import CHANNELS

    for kind, adapter in sorted(CHANNELS.items()):
        about = (adapter.__doc__ or "").strip().splitlines()[0]
        yield f"## {kind}\n\n{about}\n\nAfter a lost answer: {adapter.idempotency}\n"


def _metrics() -> Iterator[str]:
    for name, (kind, says, labels) in sorted(metrics.METRICS.items()):
        yield f"## {name}\n\n{says} ({kind}; labels: {', '.join(labels) or 'none'})\n"


def _crash_points() -> Iterator[str]:
    import juzhen.wiring  # noqa: F401 — every room that declares one
    from kernel.crash import POINTS

    for name, what in sorted(POINTS.items()):
        yield f"## {name}\n\nDying here: {what}\n"
