"""Spelling (拼音): a label in pinyin, whole and by its initials. Only for finding.

The speller is loaded when a label is first spelled, and without its dictionary of phrases, which
would take 45 MB in every process. So the words of our trade with a character that is read in
several ways stand here.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

_READ_OTHERWISE = {
    "银行": "yin hang", "央行": "yang hang", "行业": "hang ye", "行情": "hang qing",
    "行长": "hang zhang", "同行": "tong hang", "长期": "chang qi", "长寿": "chang shou",
    "长护": "chang hu", "长线": "chang xian", "长假": "chang jia", "长处": "chang chu",
    "利率": "li lv", "费率": "fei lv", "汇率": "hui lv", "益率": "yi lv",
    "重阳": "chong yang", "重新": "chong xin", "重组": "chong zu", "重庆": "chong qing",
    "调整": "tiao zheng", "给付": "ji fu", "会计": "kuai ji", "都市": "du shi",
    "还款": "huan kuan", "还本": "huan ben", "便宜": "pian yi", "大夫": "dai fu",
}  # fmt: skip


def spelled(label: str) -> str:
    """The label in pinyin, a blank, and its initials: ``yanglao yl``."""
    pinyin = _speller()
    full = pinyin.lazy_pinyin(label, errors="ignore")
    return f"{''.join(full)} {''.join(each[0] for each in full)}".strip()


def syllables(text: str) -> list[str]:
    """How each character sounds, without its tone; what is no Chinese character is left out."""
    return list(_speller().lazy_pinyin(text, errors="ignore"))


@cache
def _speller() -> Any:
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    import pypinyin

    pypinyin.load_phrases_dict(
        {word: [[each] for each in read.split()] for word, read in _READ_OTHERWISE.items()}
    )
    return pypinyin
