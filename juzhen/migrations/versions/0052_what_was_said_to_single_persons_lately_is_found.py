"""What was said to single persons lately is found."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade(part: str) -> None:
    if part == "records":
        op.create_index(
            "ix_deliveries_said",
            "deliveries",
            ["last_sent", "account"],
            unique=False,
            sqlite_where=sa.text("target != ''"),
            postgresql_where=sa.text("target != ''"),
        )


def downgrade(part: str) -> None:
    if part == "records":
        op.drop_index("ix_deliveries_said", table_name="deliveries")
