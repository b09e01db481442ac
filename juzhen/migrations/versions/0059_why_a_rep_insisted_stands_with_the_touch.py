"""Why somebody insisted stands with the touch, and goes with whom it was about."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    op.add_column("touches", sa.Column("override", sa.String(), nullable=True))


def _down_records() -> None:
    op.drop_column("touches", "override")
