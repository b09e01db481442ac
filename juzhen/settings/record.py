"""Every JUZHEN_… variable (设置项): its default, what it is for, what it may be. Reads none."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from juzhen.settings.expected import PAYDAYS, WEEK, numbers
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
        "location=30,conversations=730,browsing=1095,advice=365,refused=180",
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
    company_stages: str = _setting(
        "usual=30/60/120", "Days without a purchase after which a buyer is silent, sleeping,"
        " churned, by product category; `usual` is for all others. `+rhythm` measures regular"
        " buyers by their own gaps: `usual=30/60/120,snack=7/14/30+rhythm`.",
        expected="category=days/days/days",
    )  # fmt: skip
    company_holding: str = _setting(
        "insurance,wealth,保险,理财", "Product categories in which a policy or holding in force"
        " keeps its holder from sinking below silent, separated by commas.",
    )  # fmt: skip
    company_grades: str = _setting(
        "at_once=24,talks=6,silent=7", "Where ABCDE are divided: hours from adding us to buying"
        " (A), messages both ways (B), days of silence (C).", expected="grade=number",
    )  # fmt: skip
    company_vip: str = _setting(
        "days=365,enter=20,leave=25", "Which buyers of so many days are VIPs, from the next week's"
        " choice on: so many per cent enter, by what they brought; who is in leaves once she is"
        " not among so many.", expected="enter=% up to leave=%",
    )  # fmt: skip
    company_groups: str = _setting(
        "days=7,ads=50", "A customer group is told of when more than so many per cent of what was"
        " said in so many days is advertising.", expected="group=number",
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
        0.0, "Share of customers whose lists do not look at what they do or who they are, to"
        " compare with. Whatever else is done about them goes on as about anybody.",
        expected="share",
    )  # fmt: skip
    matching_exclusivity: str = _setting(
        "wechat=0.1,own_app=0.1,commerce=0.1",
        "What content for few (tag 专属) gains with a customer of each ecosystem, up to 0.5; one"
        " that is not named gains nothing, as video by default.",
        expected="ecosystem=weight",
    )  # fmt: skip
    matching_occasions: str = _setting(
        "months=6,month_ends=3,last_days=3,ahead=7,birthday=3,maturity=30,dormant=45,"
        "paydays=10/15,payday_days=3,next_purchase=7,anniversary=3,festival=3,opened=1",
        "Numbers that occasions go by; one that is not named keeps its default."
        " Who bought on the `last_days` of `month_ends` of the last `months` is a month-end buyer,"
        " reminded of `ahead` days before the month's end (who buys within `payday_days` of one of"
        " the `paydays` in so many months, on that day); `birthday` and `anniversary` reach so many"
        " days both ways, `birthday=week` from Monday to Sunday; `maturity`, `next_purchase` and"
        " `festival` begin so many days ahead; `dormant` is days of silence, `opened` days after an"
        " opening.", expected="occasion=number",
    )  # fmt: skip
    matching_nearby: str = _setting(
        "metres=3000,hours=24,moved=500,minutes=15",
        "Whom a rep is shown as near: within so many `metres`, whose place was told within so many"
        " `hours`; another list once she has `moved` so many metres, at most every so many"
        " `minutes`.", expected="name=number",
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
    engagement_reminders: int = _setting(
        10, "Reminders that a rep is pushed a day, as cards in WeCom and as the first of her page.",
        expected="count",
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
    limits_board: int = _setting(
        5, "Figures on a role's board for which nobody must give a reason.", expected="count"
    )
    limits_response: float = _setting(
        60.0, "Seconds within which 95 of 100 things that happened should have been answered;"
        " slower is told of.", expected="seconds",
    )  # fmt: skip
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
    def habits(self) -> dict[str, Any]:
        """How occasions are worked out, by what `matching.occasions.Habits` calls each number."""
        named = numbers(self.matching_occasions)
        told: dict[str, Any] = {
            name: None if value == WEEK else int(value)
            for name, value in named.items() if name != PAYDAYS
        }  # fmt: skip
        if PAYDAYS in named:
            told[PAYDAYS] = tuple(int(day) for day in named[PAYDAYS].split("/"))
        return told

    @property
    def vicinity(self) -> dict[str, int]:
        """Whom a rep is shown as near, by the names of the setting."""
        return {name: int(value) for name, value in numbers(self.matching_nearby).items()}

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
