"""What is read these days is counted apart.

The counts are folded again by whoever folds next, as they have another form (`Counters.fold`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade(part: str) -> None:
    if part == "people":
        _up_people()


def downgrade(part: str) -> None:
    if part == "people":
        _down_people()


def _up_people() -> None:
    op.add_column(
        "material_counts", sa.Column("lately", sa.Double(), nullable=False, server_default="0")
    )


def _down_people() -> None:
    op.drop_column("material_counts", "lately")
