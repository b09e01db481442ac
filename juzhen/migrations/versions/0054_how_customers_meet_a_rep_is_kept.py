"""How customers meet a rep is kept: her photo and the number of her licence."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade(part: str) -> None:
    if part == "records":
        for name in ("photo", "licence_number"):
            op.add_column("staff", sa.Column(name, sa.String(), nullable=False, server_default=""))


def downgrade(part: str) -> None:
    if part == "records":
        with op.batch_alter_table("staff") as staff:
            staff.drop_column("licence_number")
            staff.drop_column("photo")
