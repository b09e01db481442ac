"""many materials are tagged by one act."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "run_taggings",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("added", sa.JSON(), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run", "material", name=op.f("pk_run_taggings")),
    )
    op.create_table(
        "tagging_runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("add", sa.JSON(), nullable=False),
        sa.Column("remove", sa.JSON(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("upto", sa.String(), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undoing", sa.Boolean(), nullable=False),
        sa.Column("undone", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tagging_runs")),
    )
    with op.batch_alter_table("tagging_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tagging_runs_finished"), ["finished"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("tagging_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tagging_runs_finished"))

    op.drop_table("tagging_runs")
    op.drop_table("run_taggings")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
