"""Reading settings (读取设置): from the environment, then the file; the file of a new company."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields

from juzhen.settings.expected import flaw
from juzhen.settings.record import FILE, PREFIX, BadSetting, Settings, name_of
from kernel.secret import Secret


def load(
    environment: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    file: Path | None = None,
) -> Settings:
    """Read the settings. Raises `BadSetting` for the first that cannot be used.

    ``file`` is another than the ``juzhen.toml`` of the home folder.
    """
    given = dict(os.environ if environment is None else environment)
    folder = home or Path(given.get(name_of("home"), "var"))
    file = file or folder / FILE
    written = _written(file)
    known = {name_of(each.name): each for each in dataclasses.fields(Settings)}
    for source, names in (("the environment", given), (str(file), written)):
        for name in sorted(names):
            if name.startswith(PREFIX) and name not in known and name not in _FOR_TESTS:
                raise BadSetting(f"{name} (read from {source}) is not a setting of juzhen.")
    values: dict[str, Any] = {"home": folder.absolute()}
    for name, each in known.items():
        source = "the environment" if name in given else str(file)
        text = given.get(name, written.get(name))
        if text is not None and each.name != "home":
            values[each.name] = _read(name, text, each.default, each.metadata["expected"], source)
    settings = Settings(**values)
    _check_together(settings)
    return settings


_FOR_TESTS = {"JUZHEN_CRASH_AT", "JUZHEN_CRASH_MARK", "JUZHEN_SOAK", "JUZHEN_HOME"}


def _written(file: Path) -> dict[str, str]:
    """``[stores] records = …`` in the file is ``JUZHEN_STORES_RECORDS``."""
    if not file.exists():
        return {}
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise BadSetting(f"{file} holds secrets and others may read it; run chmod 600 on it.")
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as broken:
        raise BadSetting(f"{file} is not TOML: {broken}") from broken
    return dict(_flat(tables))


def _flat(table: Mapping[str, Any], prefix: str = PREFIX) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key.upper()}_")
        else:
            yield (
                f"{prefix}{key.upper()}",
                str(value).lower() if isinstance(value, bool) else str(value),
            )


_READERS: dict[type, Any] = {
    bool: fields.Boolean(),
    int: fields.Integer(),
    float: fields.Float(),
}


def _read(name: str, text: str, default: Any, expected: str, source: str) -> Any:
    if isinstance(default, Secret):
        return Secret(text)
    value: Any = text
    if reader := _READERS.get(type(default)):
        try:
            value = reader.deserialize(text)
        except ValidationError as wrong:
            kind = expected or type(default).__name__
            raise BadSetting(f"{name}={text!r} (read from {source}): expected {kind}.") from wrong
    if instead := flaw(value, expected):
        raise BadSetting(f"{name}={text!r} (read from {source}): expected {instead}.")
    return value


def _check_together(settings: Settings) -> None:
    """What only makes sense together."""
    outside = settings.web_host not in {"127.0.0.1", "localhost", "::1"}
    if settings.demo and outside:
        raise BadSetting("JUZHEN_DEMO shows one-click logins: it needs JUZHEN_WEB_HOST=127.0.0.1.")
    if outside and not settings.public_url.startswith("https://"):
        raise BadSetting("JUZHEN_WEB_URL must be https:// when others than this machine can call.")
    habits = {"months": 6, "month_ends": 3} | settings.habits
    if habits["month_ends"] > habits["months"]:
        raise BadSetting(
            "JUZHEN_MATCHING_OCCASIONS: month_ends are counted among months, so there are no more."
        )
    for name in ("keys_secrets", "keys_links"):
        key: Secret = getattr(settings, name)
        if key and not _is_key(key.reveal()):
            raise BadSetting(f"{name_of(name)} must be 64 hex digits; try `juzhen init`.")


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False


def begin(home: Path, **chosen: Any) -> Path:
    """Write a new company's ``juzhen.toml`` with keys of its own (mode 0600); keep an old one."""
    file = home / FILE
    if file.exists():
        return file
    home.mkdir(parents=True, exist_ok=True, mode=0o700)  # what customers told us lies in it
    lines = [
        "[keys]",
        f'secrets = "{secrets.token_hex(32)}"',
        f'links = "{secrets.token_hex(32)}"',
    ]
    tables: dict[str, list[str]] = {}
    for name, value in chosen.items():
        part, _, key = name.partition("_")
        spelled = str(value).lower() if isinstance(value, bool | int | float) else _quoted(value)
        if key:
            tables.setdefault(part, []).append(f"{key} = {spelled}")
        else:
            lines.insert(0, f"{part} = {spelled}")
    for part, settings in tables.items():
        lines += ["", f"[{part}]", *settings]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write("\n".join(lines) + "\n")
    return file


def _quoted(value: object) -> str:
    """As TOML writes it: JSON's escapes are TOML's, apart from the character DEL."""
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def require_keys(settings: Settings) -> None:
    """Raise `BadSetting` for a company that was not begun: nothing can be sealed or signed."""
    if not settings.keys_secrets or not settings.keys_links:
        raise BadSetting(f"{settings.home / FILE} holds no keys yet: run `juzhen init`.")


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as variables, for a process that we start."""
    told: dict[str, str] = {}
    for each in dataclasses.fields(Settings):
        value = getattr(settings, each.name)
        if value != each.default or each.name == "home":
            told[name_of(each.name)] = value.reveal() if isinstance(value, Secret) else str(value)
    return told
