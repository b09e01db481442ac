"""decisions about identities."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    """Rulings of before become decisions of one ruling each."""
    with op.batch_alter_table("identity_rulings", schema=None) as batch_op:
        for name in ("decision", "act", "says", "why", "lifted_by", "lifted_for"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("lifted", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "update identity_rulings set decision = id,"
        " act = case when same then 'merged' else 'parted' end,"
        " says = case when same then 'same' else 'apart' end"
    )
    with op.batch_alter_table("identity_rulings", schema=None) as batch_op:
        for name in ("decision", "act", "says", "why", "lifted_by", "lifted_for"):
            batch_op.alter_column(name, server_default=None)
        batch_op.create_index(
            batch_op.f("ix_identity_rulings_decision"), ["decision"], unique=False
        )
        batch_op.drop_column("same")


def _down_records() -> None:
    """What the old tables cannot say goes: undone rulings, and links that are not believed."""
    with op.batch_alter_table("identity_rulings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("same", sa.BOOLEAN(), nullable=False, server_default=sa.false())
        )
    op.execute("delete from identity_rulings where lifted is not null or says = 'unlinked'")
    op.execute("update identity_rulings set same = (says = 'same')")
    with op.batch_alter_table("identity_rulings", schema=None) as batch_op:
        batch_op.alter_column("same", server_default=None)
        batch_op.drop_index(batch_op.f("ix_identity_rulings_decision"))
        for name in ("lifted_for", "lifted_by", "lifted", "why", "says", "act", "decision"):
            batch_op.drop_column(name)


def _up_people() -> None:
    """What was known before keeps its naming; ``juzhen rebuild profiles`` makes it exact."""
    with op.batch_alter_table("known_handles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_alone", sa.DateTime(timezone=True), nullable=True))
    op.execute("update known_handles set told_alone = first_seen")


def _down_people() -> None:
    with op.batch_alter_table("known_handles", schema=None) as batch_op:
        batch_op.drop_column("told_alone")
