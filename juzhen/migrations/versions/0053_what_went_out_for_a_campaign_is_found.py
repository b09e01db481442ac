"""What went out for a campaign is found."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
_WHICH = "campaign != '' AND broadcast = ''"


def upgrade(part: str) -> None:
    if part == "records":
        op.create_index(
            "ix_deliveries_campaign",
            "deliveries",
            ["campaign"],
            unique=False,
            sqlite_where=sa.text(_WHICH),
            postgresql_where=sa.text(_WHICH),
        )


def downgrade(part: str) -> None:
    if part == "records":
        op.drop_index("ix_deliveries_campaign", table_name="deliveries")
