"""Deals of a rep are counted by customer, whatever handles tell of her orders and refunds."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    none = sa.text("'[]'")
    op.add_column(
        "sales", sa.Column("counted", sa.LargeBinary(), nullable=False, server_default=none)
    )
    op.create_table(
        "deals_due",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_deals_due")),
    )


def _down_people() -> None:
    op.drop_table("deals_due")
    op.drop_column("sales", "counted")
