"""tags are proposed and answered."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "tag_answers",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("material", "tag", name=op.f("pk_tag_answers")),
    )
    with op.batch_alter_table("tag_answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tag_answers_batch"), ["batch"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("tag_answers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tag_answers_batch"))

    op.drop_table("tag_answers")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
