"""Where an answer led is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    location = sa.Column("location", sa.String(), nullable=False, server_default="")
    op.add_column("kept_answers", location)


def _down_records() -> None:
    op.drop_column("kept_answers", "location")
