"""Trails know what was met before the contents that they remember."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    met = sa.Column("met", sa.LargeBinary(), nullable=False, server_default=sa.text("''"))
    op.add_column("trails", met)


def _down_people() -> None:
    op.drop_column("trails", "met")
