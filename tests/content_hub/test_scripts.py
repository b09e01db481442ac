"""Scripts are filled in safely, and what may not be said is named."""

import pytest

from content_hub import richtext
from content_hub.scripts import fill, gaps


def test_a_script_is_filled_and_says_what_it_could_not_fill():
    said = fill("{客户称呼}您好，{产品}已到期。{客户称呼}", {"客户称呼": "王阿姨"})

    assert said.text == "王阿姨您好，＿＿已到期。王阿姨"
    assert said.missing == ("产品",)


@pytest.mark.parametrize("name", ["{产品}", "{0.__class__}", "{}", "{{x}}"])
def test_what_stands_in_a_fact_fills_nothing(name):
    told = {"客户称呼": name, "产品": "年金"}
    assert fill("{客户称呼}好", told).text == f"{name}好"
    assert fill("{客户称呼}好，{产品}来了", told).text == f"{name}好，年金来了"


def test_gaps_are_named_once():
    assert gaps("{a}{b}{a} {太长太长太长太长太长太长太长太长太长太长太长}") == ["a", "b"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("一\n二\n\n三", "<p>一<br>二</p><p>三</p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        ("<p>已有</p>\n\n标记", "<p>已有</p>\n\n标记"),
        ("  ", ""),
    ],
)
def test_plain_writing_becomes_paragraphs(typed, kept):
    assert richtext.written(typed) == kept
