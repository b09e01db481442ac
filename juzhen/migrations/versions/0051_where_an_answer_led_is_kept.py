"""Where an answer led is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade(part: str) -> None:
    if part == "records":
        column = sa.Column("location", sa.String(), nullable=False, server_default="")
        op.add_column("kept_answers", column)


def downgrade(part: str) -> None:
    if part == "records":
        with op.batch_alter_table("kept_answers", schema=None) as batch_op:
            batch_op.drop_column("location")
