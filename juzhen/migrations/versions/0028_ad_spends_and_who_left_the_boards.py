"""What was paid for advertising, and who stands on no leaderboard."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "ad_spends",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("creative", sa.String(), nullable=False),
        sa.Column("bidder", sa.String(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("rebate", sa.Double(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ad_spends")),
    )
    with op.batch_alter_table("ad_spends", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ad_spends_day"), ["day"], unique=False)

    op.create_table(
        "left_boards",
        sa.Column("staff", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("staff", name=op.f("pk_left_boards")),
    )


def _down_records() -> None:
    op.drop_table("left_boards")
    with op.batch_alter_table("ad_spends", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ad_spends_day"))

    op.drop_table("ad_spends")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
