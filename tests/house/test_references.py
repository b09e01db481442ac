"""What a column is called says what it holds, so that `juzhen check` can walk every reference."""

from juzhen.migrations.draft import models
from juzhen.references import NAMED, columns


def test_every_name_that_is_walked_is_a_table_of_the_records():
    models()
    walked = {column.name for column, _ in columns()}

    assert walked == NAMED.keys()
    assert {there.table.name for _, there in columns()} == set(NAMED.values())
