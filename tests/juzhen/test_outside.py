"""An adapter of another distribution is found by its entry point, and passes the shared suite."""

import sys

import pytest

from channels.contract import ShowingContract
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.errors import Conflict, Invalid
from tests.blank import migrate

MODULE = '''
"""A platform outside: what the guide shows."""

from datetime import date, timedelta
from typing import ClassVar

from channels.accounts import Needs
from channels.base import Progress, Receipt, Refused
from channels.capabilities import Capabilities, Limits


class Noticeboard:
    """One board in one branch."""

    key: ClassVar[str] = "noticeboard"
    writes_to: ClassVar[str] = ""
    idempotency: ClassVar[str] = "native"
    pulled: ClassVar[bool] = False
    capabilities: ClassVar[Capabilities] = Capabilities(
        (Limits(since=date(2026, 1, 1), source="us", shows=frozenset({"article"})),)
    )
    longest_review = timedelta()
    needs: ClassVar[Needs] = Needs(settings=("branch",))

    def __init__(self, account, secrets, tools):
        self.tools, self.up = tools, {}

    def publish(self, post, *, key):
        self.up[key] = post
        return Receipt(ref=key, progress=Progress.SHOWN)

    def outcome(self, ref):
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post, *, key):
        return Receipt(ref=key, progress=Progress.SHOWN) if key in self.up else None

    def withdraw(self, ref):
        self.up.pop(ref, None)

    def send(self, message, *, key):
        raise Refused("channel_says_nothing", account="board")

    def receive(self, callback):
        raise Refused("callback_not_genuine", account="board")

    def introduce(self, handle, at):
        return None
'''


def installed(folder, name):
    """A distribution as pip would have left it."""
    folder.mkdir()
    (folder / "outside_board.py").write_text(MODULE)
    about = folder / "outside_board-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-board\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        f"[juzhen.channels]\n{name} = outside_board:Noticeboard\n"
    )
    return str(folder)


@pytest.fixture
def home(tmp_path):
    begin(tmp_path / "home", stores_durability="process")
    settings = load({"JUZHEN_HOME": str(tmp_path / "home")})
    migrate(settings)
    return settings


@pytest.fixture
def company(home, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(installed(tmp_path / "site", "noticeboard"))
    platform = assemble(home)
    yield platform
    platform.close()
    sys.modules.pop("outside_board", None)


@pytest.mark.rule("R6.2")
def test_one_class_and_one_registration_make_a_kind_of_account(company):
    assert "noticeboard" in company.channels.kinds
    with pytest.raises(Invalid):
        company.channels.check("noticeboard", (), ())
    account = company.accounts.add(
        code="nb", name="公告栏", kind="noticeboard", ecosystem="own_app",
        settings={"branch": "north"}, by="t",
    )  # fmt: skip
    channel = company.channels.of(account)
    receipt = channel.publish(ShowingContract.post, key="k")
    assert channel.outcome(receipt.ref).progress == "shown"
    assert channel.tools.clock is company.clock


def test_a_kind_of_ours_is_never_replaced(home, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(installed(tmp_path / "site", "wecom"))
    with pytest.raises(Conflict):
        assemble(home)
    sys.modules.pop("outside_board", None)
