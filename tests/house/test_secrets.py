"""What opens a door is never printed."""

import dataclasses
import re

from juzhen.settings import Settings
from kernel.secret import Secret
from stores.records import Records

SECRET = re.compile("key|secret|password|token")
URL = "postgresql+psycopg://juzhen:pa55word@127.0.0.1:1/juzhen"


def test_every_setting_that_opens_something_is_a_secret():
    wrong = [
        each.name
        for each in dataclasses.fields(Settings)
        if SECRET.search(each.name) and not isinstance(each.default, Secret)
    ]
    assert not wrong


def test_the_settings_may_be_printed():
    settings = Settings(stores_records=URL, keys_secrets=Secret("5ea1"), keys_links=Secret("5161"))
    assert not re.search("pa55word|5ea1|5161", f"{settings!r} {settings}")


def test_a_database_may_be_printed():
    records = Records(URL)
    assert "pa55word" not in f"{records.engine!r} {records.engine.url}"
    records.close()
