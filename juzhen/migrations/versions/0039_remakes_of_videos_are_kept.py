"""remakes of videos are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "remakes",
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("material", name=op.f("pk_remakes")),
    )
    with op.batch_alter_table("remakes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remakes_template"), ["template"], unique=False)


def _down_records() -> None:
    with op.batch_alter_table("remakes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remakes_template"))

    op.drop_table("remakes")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
