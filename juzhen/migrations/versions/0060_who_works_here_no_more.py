"""Since when somebody works here no more stands with her, and her name with what she did."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    op.add_column("staff", sa.Column("left", sa.DateTime(timezone=True), nullable=True))


def _down_records() -> None:
    op.drop_column("staff", "left")
