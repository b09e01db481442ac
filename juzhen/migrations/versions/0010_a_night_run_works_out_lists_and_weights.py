"""a night run works out lists and weights."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    pass


def _down_records() -> None:
    pass


def _up_people() -> None:
    op.create_table(
        "night_lists",
        sa.Column("night", sa.Integer(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("strengths", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("night", "material", name=op.f("pk_night_lists")),
    )
    op.create_table(
        "nights",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("contents", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("before", sa.Double(), nullable=False),
        sa.Column("after", sa.Double(), nullable=False),
        sa.Column("shipped", sa.Boolean(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_nights")),
    )
    with op.batch_alter_table("trails", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moved", sa.Double(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_trails_moved"), ["moved"], unique=False)


def _down_people() -> None:
    with op.batch_alter_table("trails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trails_moved"))
        batch_op.drop_column("moved")

    op.drop_table("nights")
    op.drop_table("night_lists")
