"""Settings (设置): every JUZHEN_… variable, where it was read, and what is wrong with it.

From the environment first, then ``juzhen.toml`` in the home folder. An unknown or bad one stops the
start with its name, what was expected and where it was read. Opens nothing, connects to nothing.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import ValidationError, fields

from kernel.calendar import Hours
from kernel.secret import Secret
from kernel.values import dataclass

PREFIX = "JUZHEN_"
FILE = "juzhen.toml"
WITH_RECORDS = "records"
"""Instead of an address: in the database of the records."""


class BadSetting(Exception):
    """A setting that cannot be used: its name, what was expected, where it was read."""


def _setting(default: Any, about: str, *, expected: str = "", shown: bool = True) -> Any:
    told = {"about": about, "expected": expected}
    return dataclasses.field(default=default, repr=shown, metadata=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this company's juzhen runs. The field ``stores_records`` is ``JUZHEN_STORES_RECORDS``."""

    home: Path = _setting(Path("var"), "Folder that holds everything of an embedded company.")
    stores_records: str = _setting(
        "",
        "URL of the records and the people; empty is SQLite in the home folder.",
        shown=False,  # it may hold a password
    )
    stores_journal: str = _setting(
        "",
        "PostgreSQL database of the journal, or `records` for that of the records;"
        " empty is a folder of SQLite files.",
        shown=False,
    )
    stores_search: str = _setting(
        "",
        "Cluster of the search index, `elastic+https://USER:PASSWORD@host:9200/prefix`, or a"
        " PostgreSQL database, or `records`; empty is SQLite in the home folder.",
        shown=False,
    )
    stores_history: str = _setting(
        "",
        "Cluster or database of the history, spelled as that of the search; empty is SQLite.",
        shown=False,
    )
    stores_files: str = _setting(
        "",
        "Bucket of the files, `s3+https://KEY:SECRET@host/bucket/prefix`; empty is a folder.",
        shown=False,
    )
    stores_durability: str = _setting(
        "power",
        "What an answer promises: `power` survives a power cut, `process` a killed process.",
        expected="power|process",
    )
    company_name: str = _setting("我的公司", "The company's name, as pages show it.")
    company_zone: str = _setting("Asia/Shanghai", "The company's time zone.", expected="zone")
    company_retention: str = _setting(
        "location=30,conversations=730,browsing=1095,advice=365",
        "Days that events are kept, by purpose; location never over 30. `everything` drops months"
        " that are older, whatever is in them.", expected="purpose=days",
    )  # fmt: skip
    company_assumes: str = _setting(
        "service,marketing,personalisation",
        "Purposes that count as allowed while a customer has said nothing; who needs an opt-in"
        " first leaves them out.", expected="purposes",
    )  # fmt: skip
    company_referral: str = _setting(
        "", "What an inviter is promised from now on: `5%` of every order of her friend's, or so"
        " many yuan for the first, `20`. Empty promises nothing; who brought whom is kept all the"
        " same.", expected="reward",
    )  # fmt: skip
    company_install_reward: float = _setting(
        0.0, "Yuan that a rep is promised for each customer who installs the app by her link.",
        expected="yuan",
    )  # fmt: skip
    company_modules: str = _setting(
        "", "What is off unless named here: `mass_send` (broadcasts), `auto_add` (who scans a code"
        " is a rep's friend without her word). Rewards for referrals: `JUZHEN_COMPANY_REFERRAL`.",
        expected="modules",
    )  # fmt: skip
    company_hours: str = _setting(
        "1-5 09:00-18:00", "The days (Monday is 1) and hours in which people are answered.",
        expected="days and hours",
    )  # fmt: skip
    web_host: str = _setting("127.0.0.1", "Address that the web process listens on.")
    web_port: int = _setting(8000, "Port that the web process listens on.", expected="port")
    web_url: str = _setting("", "The address customers and platforms reach us at; no slash.")
    web_processes: int = _setting(2, "How many web processes share the port.", expected="count")
    web_doors: str = _setting(
        "all", "Which doors this process opens: all, intake only or pages only.",
        expected="all|intake|pages",
    )  # fmt: skip
    web_questions: str = _setting(
        "", "Folder of `.graphql` files: the only questions that front ends and customers may ask."
        " Empty lets them ask any.",
    )  # fmt: skip
    outbound_origins: str = _setting(
        "", "Origins that may be called though they are not public, separated by commas."
    )
    outbound_proxy: Secret = _setting(
        Secret(""), "Proxy that public addresses are called through: http://user:password@host:3128.",
        expected="http://host:port",
    )  # fmt: skip
    worker_leases: float = _setting(
        30.0, "Seconds that a delivery's lease lives without being renewed.", expected="seconds"
    )
    worker_senders: int = _setting(
        4, "How many calls to platforms one worker makes side by side.", expected="count"
    )
    worker_share: int = _setting(
        8, "How many calls to one account may be under way at once.", expected="count"
    )
    worker_metrics_port: int = _setting(
        0, "Port of the worker's own /metrics and /livez on the loopback; 0 for none.",
        expected="port or 0",
    )  # fmt: skip
    worker_drain: float = _setting(
        25.0, "Seconds that a stopping worker may take to finish.", expected="seconds"
    )
    matching_hold_out: float = _setting(
        0.0, "Share of customers whose lists do not look at what they do, to compare with.",
        expected="share",
    )  # fmt: skip
    matching_exclusivity: str = _setting(
        "wechat=0.1,own_app=0.1,commerce=0.1",
        "What content for few (tag 专属) gains with a customer of each ecosystem, up to 0.5; one"
        " that is not named gains nothing, as video by default.",
        expected="ecosystem=weight",
    )  # fmt: skip
    engagement_to_customers: str = _setting(
        "", "Occasions whose audience is the customer herself, inside the caps, instead of her rep:"
        " month_end, payday, birthday, maturity, next_purchase, anniversary, dormant.",
        expected="occasions",
    )  # fmt: skip
    engagement_desire: str = _setting(
        "", "Steps of desire that a customer's rep is reminded of: viewed, dwelled, asked, tried.",
        expected="steps of desire",
    )  # fmt: skip
    engagement_fans: int = _setting(
        30, "Minutes of the company's hours within which a fan who comments or writes on an account"
        " of the video ecosystem is to be answered.", expected="minutes",
    )  # fmt: skip
    log_level: str = _setting(
        "info", "Least of log lines; debug tells every call out.", expected="debug|info|warning"
    )  # fmt: skip
    demo: bool = _setting(False, "Shows the tour and its one-click logins. Never with real data.")
    demo_sandbox: str = _setting("", "Where the demo's sandbox answers.")
    keys_secrets: Secret = _setting(Secret(""), "Key that seals channel secrets (64 hex digits).")
    keys_links: Secret = _setting(Secret(""), "Key that signs tracked links and cookies.")
    limits_logins: int = _setting(10, "Failed logins of a name in 15 minutes.", expected="count")
    limits_reveals: int = _setting(50, "Customers one person has unmasked a day.", expected="count")

    def has(self, module: str) -> bool:
        """Is this optional module on?"""
        return module in self.company_modules.replace(" ", "").split(",")

    @property
    def exclusivity(self) -> dict[str, float]:
        """What content for few gains, by ecosystem."""
        told = self.matching_exclusivity.replace(" ", "")
        named = (each.split("=") for each in told.split(",") if each)
        return {ecosystem: float(weight) for ecosystem, weight in named}

    @property
    def records_url(self) -> str:
        return self.stores_records or f"sqlite:///{self.home / 'records.db'}"

    @property
    def people_url(self) -> str:
        return self.stores_records or f"sqlite:///{self.home / 'people.db'}"

    @property
    def public_url(self) -> str:
        return self.web_url or f"http://{self.web_host}:{self.web_port}"


def name_of(setting: str) -> str:
    return PREFIX + setting.upper()


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
    if flaw := _flaw(value, expected):
        raise BadSetting(f"{name}={text!r} (read from {source}): expected {flaw}.")
    return value


_PURPOSES = re.compile(
    r"|(service|marketing|personalisation)(,(service|marketing|personalisation))*"
)
STEPS = ("viewed", "dwelled", "asked", "tried")
"""The steps of desire, as `data_hub.profiles` counts them; a test compares the two."""
OCCASIONS = (
    "month_end", "payday", "birthday", "maturity", "next_purchase", "anniversary", "dormant",
)  # fmt: skip
"""Spelled out here: whoever reads settings need not load what they set."""
MODULES = ("mass_send", "auto_add")
"""What a company may have and has not by default: sincerity works, large spreads do not (R149)."""
_PERIODS = re.compile(r"((^|,)(location|conversations|browsing|advice)=[1-9]\d{0,3})*")

_REWARD = re.compile(r"|[1-9]\d{0,4}(\.\d\d?)?|([1-9]\d?|0)(\.\d\d?)?%")
_EXCLUSIVE = re.compile(r"((^|,)(wechat|video|commerce|own_app)=0(\.[0-4]\d*|\.50*)?)*")
_PROXY = re.compile(r"|http://([^/@\s]+@)?([^/@\s:\[\]]+|\[[0-9a-fA-F:]+\])(:[1-9]\d{0,4})?/?")


def _flaw(value: Any, expected: str) -> str:
    """What was expected instead, or nothing."""
    if "|" in expected:
        return "" if value in expected.split("|") else expected.replace("|", " or ")
    fits: dict[str, Callable[[], bool]] = {
        "zone": lambda: value in available_timezones() and bool(ZoneInfo(value)),
        "share": lambda: 0 <= value <= 0.5,
        "port": lambda: 0 < value < 65_536,
        "port or 0": lambda: 0 <= value < 65_536,
        "count": lambda: 0 < value <= 64,
        "purposes": lambda: bool(_PURPOSES.fullmatch(value.replace(" ", ""))),
        "occasions": lambda: {*value.replace(" ", "").split(",")} <= {"", *OCCASIONS},
        "steps of desire": lambda: {*value.replace(" ", "").split(",")} <= {"", *STEPS},
        "ecosystem=weight": lambda: bool(_EXCLUSIVE.fullmatch(value.replace(" ", ""))),
        "purpose=days": lambda: bool(_PERIODS.fullmatch(value.replace(" ", ""))),
        "reward": lambda: bool(_REWARD.fullmatch(value)),
        "days and hours": lambda: _are_hours(value),
        "modules": lambda: {*value.replace(" ", "").split(",")} <= {"", *MODULES},
        "yuan": lambda: 0 <= value <= 10_000,
        "minutes": lambda: 0 < value <= 1_440,
        "seconds": lambda: 0 < value <= 3_600,
        "http://host:port": lambda: bool(_PROXY.fullmatch(value.reveal())),
    }
    return "" if expected not in fits or fits[expected]() else f"a {expected}"


def _are_hours(text: str) -> bool:
    try:
        return bool(Hours.read(text))
    except ValueError:
        return False


def _check_together(settings: Settings) -> None:
    """What only makes sense together."""
    outside = settings.web_host not in {"127.0.0.1", "localhost", "::1"}
    if settings.demo and outside:
        raise BadSetting("JUZHEN_DEMO shows one-click logins: it needs JUZHEN_WEB_HOST=127.0.0.1.")
    if outside and not settings.public_url.startswith("https://"):
        raise BadSetting("JUZHEN_WEB_URL must be https:// when others than this machine can call.")
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
