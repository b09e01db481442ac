"""What a sheet put on materials is kept, and its own last edit of each."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"


def upgrade(part: str) -> None:
    if part == "records":
        _up_records()


def downgrade(part: str) -> None:
    if part == "records":
        _down_records()


def _up_records() -> None:
    last = sa.Column("last", sa.Integer(), nullable=False, server_default="0")
    wished = sa.Column("wished", sa.JSON(), nullable=False, server_default="[]")
    put = sa.Column("put", sa.JSON(), nullable=False, server_default="{}")
    op.add_column("imported_rows", last)
    op.add_column("imported_rows", wished)
    op.add_column("imported_rows", put)


def _down_records() -> None:
    op.drop_column("imported_rows", "put")
    op.drop_column("imported_rows", "wished")
    op.drop_column("imported_rows", "last")
