"""What a column is called says what it holds, so that `juzhen check` can walk every reference."""

from juzhen.migrations.draft import models
from juzhen.references import NAMED, OTHERWISE, columns
from stores.records import Record


def test_every_name_that_is_walked_is_a_table_of_the_records():
    models()
    walked = {column.name for column, _ in columns()}

    assert walked == NAMED.keys()
    assert {there.table.name for _, there in columns()} == set(NAMED.values())


def test_what_holds_something_else_is_there_and_would_be_walked():
    models()
    for named in OTHERWISE:
        table, column = named.split(".")
        assert column in Record.metadata.tables[table].columns
        assert column in NAMED
