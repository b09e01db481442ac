"""Edits wait for their moment."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "scheduled_edits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("takes_effect", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("effective", sa.BigInteger(), nullable=True),
        sa.Column("became", sa.Integer(), nullable=True),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_edits")),
    )
    with op.batch_alter_table("scheduled_edits", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scheduled_edits_effective"), ["effective"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_scheduled_edits_material"), ["material"], unique=False)

    with op.batch_alter_table("bonds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opens", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("closes", sa.BigInteger(), nullable=False, server_default=str(1 << 62))
        )

    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("edit", sa.String(), nullable=False, server_default=""))


def _down_records() -> None:
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_column("edit")

    with op.batch_alter_table("bonds", schema=None) as batch_op:
        batch_op.drop_column("closes")
        batch_op.drop_column("opens")

    with op.batch_alter_table("scheduled_edits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheduled_edits_material"))
        batch_op.drop_index(batch_op.f("ix_scheduled_edits_effective"))

    op.drop_table("scheduled_edits")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
