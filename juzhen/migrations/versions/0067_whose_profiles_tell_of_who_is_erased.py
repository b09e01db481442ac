"""Whose profiles tell of who is being erased is noted."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    op.create_table(
        "echoes",
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer", "handle", name=op.f("pk_echoes")),
    )


def _down_people() -> None:
    op.drop_table("echoes")
