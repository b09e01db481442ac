"""hand offs."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "hand_offs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_down", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_offs")),
    )
    with op.batch_alter_table("hand_offs", schema=None) as batch_op:
        batch_op.create_index("ix_hand_offs_account", ["account", "id"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("hand_offs", schema=None) as batch_op:
        batch_op.drop_index("ix_hand_offs_account")

    op.drop_table("hand_offs")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
