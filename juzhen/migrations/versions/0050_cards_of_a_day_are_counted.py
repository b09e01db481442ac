"""Cards of a day are counted."""

from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade(part: str) -> None:
    if part == "records":
        op.create_index("ix_rep_cards_told", "rep_cards", ["staff", "told"], unique=False)


def downgrade(part: str) -> None:
    if part == "records":
        op.drop_index("ix_rep_cards_told", table_name="rep_cards")
