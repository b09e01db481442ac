"""a stretch of the shelf is shifted."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "shelf_shifts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shelf_shifts")),
    )
    with op.batch_alter_table("shelf_shifts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shelf_shifts_finished"), ["finished"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("shelf_shifts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shelf_shifts_finished"))

    op.drop_table("shelf_shifts")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
