"""Posts are found without the messages to single persons."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.drop_index("ix_deliveries_up", table_name="deliveries")
    op.create_index(
        "ix_deliveries_posts",
        "deliveries",
        ["progress", "account"],
        unique=False,
        sqlite_where=sa.text("target = ''"),
        postgresql_where=sa.text("target = ''"),
    )


def _down_records() -> None:
    op.drop_index("ix_deliveries_posts", table_name="deliveries")
    op.create_index("ix_deliveries_up", "deliveries", ["account", "progress"], unique=False)


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
