"""Whether a text names somebody: ids where ids stand, numbers however they are written."""

import json

import pytest

from kernel.events import Handle
from stores.naming import naming

SHORT, MIDDLE = Handle("user", "acc", "12"), Handle("user", "acc", "user12")
LONG = Handle("openid", "acc", "oABCDEFGHIJKLMNOPQRSTUVWX12")
PHONE, ABROAD = Handle("phone", "", "13800138000"), Handle("phone", "", "+85261234567")
MAIL, HAN = Handle("email", "", "anna@example.com"), Handle("user", "acc", "王小明的账号一")
NESTED = json.dumps({"data": json.dumps({"userId": "12"})})


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        (SHORT, '{"userId": "12"}'), (SHORT, '{"distinct_id":12}'), (SHORT, NESTED),
        (SHORT, '{"会员编号":"12"}'), (SHORT, '{"user_id":12'),
        (MIDDLE, '{"x":"user12"}'), (MIDDLE, "/for/user12?a=1"), (MIDDLE, "id%3Duser12"),
        (MIDDLE, r'"a\nuser12"'), (LONG, f'"x{LONG.value}x"'),
        (PHONE, '"13800138000"'), (PHONE, '"+86 138-0013 8000"'), (PHONE, '"8613800138000"'),
        (PHONE, "m=%2B86138%200013%208000"), (PHONE, '{"n":13800138000}'),
        (ABROAD, '"+852 6123 4567"'), (ABROAD, '"0085261234567"'),
        (MAIL, '"Anna@Example.com"'), (HAN, json.dumps({"id": HAN.value})),
        (HAN, json.dumps({"id": HAN.value}, ensure_ascii=False)),
    ],
)  # fmt: skip
def test_a_text_that_names_her_is_known(handle, text):
    assert naming([handle])(text)
    assert naming([Handle("user", "acc", "nobody-here"), handle])(text)


@pytest.mark.parametrize(
    ("handle", "text"),
    [
        (SHORT, '{"count": 12, "userId": "112"}'), (SHORT, '{"userId":"1","page":"v12"}'),
        (SHORT, '{"distinct_id":123}'), (SHORT, '{"userId":"12a"}'), (SHORT, "12"),
        (MIDDLE, '"user123"'), (MIDDLE, '"auser12"'), (PHONE, '"213800138000"'),
        (PHONE, '"138001380001"'), (MAIL, '"joanna@example.com"'),
    ],
)  # fmt: skip
def test_another_one_is_not(handle, text):
    assert not naming([handle])(text)
    assert not naming([])(text)
