"""the vocabulary is merged, retired and put back."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "tag_acts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("touched", sa.JSON(), nullable=False),
        sa.Column("upto", sa.String(), nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_acts")),
    )
    with op.batch_alter_table("tag_acts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_acts_settled"), ["settled"], unique=False)

    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retired", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("related", sa.JSON(), nullable=False, server_default="[]"))


def _down_records() -> None:
    with op.batch_alter_table("tags", schema=None) as batch_op:
        batch_op.drop_column("related")
        batch_op.drop_column("owner")
        batch_op.drop_column("retired")

    with op.batch_alter_table("tag_acts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_acts_settled"))

    op.drop_table("tag_acts")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
