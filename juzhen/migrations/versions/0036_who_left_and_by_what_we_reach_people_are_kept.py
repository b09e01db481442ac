"""who left and by what we reach people are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "block_reviews",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("paused", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("reviewed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("material", name=op.f("pk_block_reviews")),
    )
    op.create_table(
        "blocks",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("touches", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_blocks")),
    )
    with op.batch_alter_table("blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blocks_handle"), ["handle"], unique=False)
        batch_op.create_index(batch_op.f("ix_blocks_material"), ["material"], unique=False)

    op.create_table(
        "operating_models",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("carriers", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operating_models")),
    )


def _down_records() -> None:
    op.drop_table("operating_models")
    with op.batch_alter_table("blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blocks_material"))
        batch_op.drop_index(batch_op.f("ix_blocks_handle"))

    op.drop_table("blocks")
    op.drop_table("block_reviews")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
