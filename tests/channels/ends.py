"""A house with the ends that only say things, and one round of its worker as a process.

``python -m tests.channels.ends '["sqlite:///…", "sqlite:///…"]' http://127.0.0.1:1234``
"""

from channels.allowances import Allowances
from channels.gateways import Sms
from channels.push import Push
from channels.wechat.mail import LetterBox
from channels.wechat.mini_program import MiniProgram
from channels.wechat.tokens import Tokens
from channels.wechat.wire import Wire
from kernel.calendar import Zone
from kernel.secret import Secret
from stores.records import Records
from tests.channels.house import House


def house_of(urls, receiver, clock):
    """Leases are short, so that what a dead worker was saying is soon somebody else's."""
    records, people = (Records(url, durability="process") for url in urls)
    house = House(records, people, clock, lease=0.5, origins=[receiver])
    house.channels._factories |= {
        "push": lambda account, _: Push(
            house.outbound, house.gate, clock, account=account.id, url=f"{receiver}/hook",
            secret=Secret("s"),
        ),
        "sms": lambda account, _: Sms(
            house.outbound, house.gate, clock, Zone("Asia/Shanghai"), account=account.id,
            url=f"{receiver}/sms", secret=Secret("s"), sign_name="长河", template="MK_1",
        ),
        "mini_program": lambda account, _: _mini_program(house, account, receiver),
    }  # fmt: skip
    return house


def _mini_program(house, account, receiver):
    tokens = Tokens(house.records, house.leases, house.sealer, house.clock)
    wire = Wire(
        house.outbound, tokens, house.gate, account=account.id, appid="wx1", secret=Secret("s"),
        host=receiver,
    )  # fmt: skip
    letters = LetterBox(house.clock, account=account.id, token="t", envelope=None)
    return MiniProgram(
        wire, Allowances(house.records, house.clock), letters, house.clock, account=account.id,
        appid="wx1", secret=Secret("s"), template="TMPL",
    )  # fmt: skip
