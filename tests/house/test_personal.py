"""Every column that names or describes a customer says so, and can be found by her names."""

import pytest
from sqlalchemy import String

from juzhen.migrations.draft import models
from stores.records import Folded, Record

TELLING = {
    "handle", "handles", "customer", "openid", "unionid", "phone", "mobile", "email", "cookie",
    "name", "nickname", "avatar", "address", "birthday", "born", "gender", "person", "recipient",
    "target", "body", "text",
}  # fmt: skip
SOMEBODY_ELSES = {
    "accounts.name": "a channel account's",
    "broadcasts.name": "a broadcast's",
    "campaigns.name": "a campaign's",
    "campaign_parameters.name": "a parameter's",
    "hand_offs.address": "where a post is",
    "file_uploads.name": "a file's",
    "hand_offs.body": "what we say to everybody",
    "kept_answers.body": "an answer as it was given, for a day",
    "leases.name": "what is held",
    "list_rules.name": "a rule's",
    "live_codes.address": "where a way in leads",
    "live_codes.name": "a way in",
    "logins.name": "an employee's",
    "materials.body": "what we say to everybody",
    "media_files.name": "a file's",
    "media_renditions.name": "a size of a picture",
    "notices.body": "what we tell of content",
    "products.name": "a product's",
    "rate_buckets.name": "what is limited",
    "segments.name": "a segment's",
    "subscriptions.name": "a system's",
    "tokens.name": "a machine's",
    "units.name": "a branch's",
    "versions.name": "what is counted",
}
ANSWERS = {"drop", "blank", "beside", "anybody", "keep"}


@pytest.fixture(scope="module")
def columns():
    models()
    return {
        f"{table.name}.{column.name}": column
        for base in (Record, Folded)
        for table in base.metadata.sorted_tables
        for column in table.columns
    }


def test_a_column_named_like_personal_data_says_whose_it_is(columns):
    wrong = {
        name
        for name, column in columns.items()
        if column.name in TELLING and "customer" not in column.info
    }
    wrong -= set(SOMEBODY_ELSES)
    assert not wrong, "\n".join(sorted(wrong))


def test_no_excuse_outlives_its_column(columns):
    assert [name for name in SOMEBODY_ELSES if name not in columns] == []


def test_what_is_said_is_an_answer(columns):
    said = {name: column.info.get("customer", "keep") for name, column in columns.items()}
    assert {name: answer for name, answer in said.items() if answer not in ANSWERS} == {}


def test_every_row_about_a_customer_can_be_found_by_one_of_her_names(columns):
    marked = [column for column in columns.values() if "customer" in column.info]
    tables = {column.table.name for column in marked}
    findable = {column.table.name for column in marked if isinstance(column.type, String)}
    assert not tables - findable, "\n".join(tables - findable)
