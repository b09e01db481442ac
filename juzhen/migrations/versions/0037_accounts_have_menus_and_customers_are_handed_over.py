"""accounts have menus and customers are handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "account_menus",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shown", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account_menus")),
    )
    with op.batch_alter_table("account_menus", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_menus_next_at"), ["next_at"], unique=False)

    op.create_table(
        "transfers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("giver", sa.String(), nullable=False),
        sa.Column("taker", sa.String(), nullable=False),
        sa.Column("resigned", sa.Boolean(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfers_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_handle"), ["handle"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfers_next_at"), ["next_at"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transfers_next_at"))
        batch_op.drop_index(batch_op.f("ix_transfers_handle"))
        batch_op.drop_index(batch_op.f("ix_transfers_account"))

    op.drop_table("transfers")
    with op.batch_alter_table("account_menus", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_menus_next_at"))

    op.drop_table("account_menus")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
