"""imports."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "file_runs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("accepted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refused", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_runs")),
    )
    with op.batch_alter_table("file_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_file_runs_file"), ["file"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("file_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_file_runs_file"))

    op.drop_table("file_runs")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
