"""A rule is told in the reader's words, every condition of it."""

import pytest
from hypothesis import given

from data_hub.segments import read, sentence, tree
from data_hub.segments.sentences import Named
from kernel.wording import LANGUAGES
from tests.data_hub.segments.test_language import RULE


def called(names: dict[str, str]) -> Named:
    return lambda sort, name: names.get(f"{sort}:{name}", "")


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        ("did asked_quote in 30d and not (did bought in 30d)",
         "近 30 天试算了方案，且近 30 天没有“购买了”",
         "asked for a quote within 30 days, and never “bought” within 30 days"),
        ("did read_material >= 3 in 1d", "近 1 天阅读了内容至少 3 次",
         "read a material at least 3 times within 1 day"),
        ("did finished_material then messaged within 72h in 90d",
         "近 90 天先后：读完了内容 → 发来了消息，72 小时之内",
         "read to the end → sent a message, one after the other, within 72 hours, within 90 days"),
        ('trait city in ("上海", "北京") or stage = silent and vip',
         "城市是其中之一：上海、北京，或（生命周期阶段为沉默，且是 VIP）",
         "city is one of: 上海, 北京, or (lifecycle stage: silent, and is a VIP)"),
        ('not (tag pension >= 2 or did read_material of m1 on oa)',
         "不满足（对“养老”的兴趣至少 2，或至今阅读了内容（《年金》）（在服务号））",
         "not (interest in “养老” at least 2, or read a material (《年金》) on 服务号 ever)"),
        ("not everyone", "没有任何客户", "no customer"),
    ],
)  # fmt: skip
def test_rules_are_told_in_both_languages(rule, zh, en):
    names = called({"tag:pension": "养老", "of:m1": "《年金》", "account:oa": "服务号"})
    assert sentence(read(rule), "zh", names) == zh
    assert sentence(read(rule), "en", names) == en


@given(RULE)
def test_no_condition_is_left_without_words(rule):
    for language in LANGUAGES:
        told = sentence(rule, language, called({}))
        assert "rule_" not in told
        assert "…" not in told or "…" in tree.text(rule)
