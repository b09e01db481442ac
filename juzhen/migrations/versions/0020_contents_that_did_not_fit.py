"""contents that did not fit."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    op.create_table(
        "refused_contents",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handle", "material", name=op.f("pk_refused_contents")),
    )
    with op.batch_alter_table("refused_contents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_refused_contents_material"), ["material"], unique=False
        )


def _down_records() -> None:
    with op.batch_alter_table("refused_contents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refused_contents_material"))

    op.drop_table("refused_contents")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
