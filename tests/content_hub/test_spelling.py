"""What a tag sounds like."""

from __future__ import annotations

import pytest

from content_hub.tags.spelling import spelled


@pytest.mark.parametrize(
    ("label", "sounds"),
    [
        ("养老社区", "yanglaoshequ ylsq"),
        ("银行理财", "yinhanglicai yhlc"),
        ("长期利率", "changqililv cqll"),
        ("重疾", "zhongji zj"),
        ("重阳节", "chongyangjie cyj"),
        ("VIP 客户", "kehu kh"),
        ("VIP", ""),
    ],
)
def test_a_label_is_spelled_as_people_of_our_trade_read_it(label, sounds):
    assert spelled(label) == sounds
