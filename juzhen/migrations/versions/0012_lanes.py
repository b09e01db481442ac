"""A delivery knows its lane, rank, end and steps."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade(part: str) -> None:
    {"records": _up_records, "people": _up_people}[part]()


def downgrade(part: str) -> None:
    {"records": _down_records, "people": _down_people}[part]()


def _up_records() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lane", sa.String(), nullable=False, server_default="post"))
        batch_op.add_column(sa.Column("campaign", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("broadcast", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(
            sa.Column("priority", sa.Integer(), nullable=False, server_default="50")
        )
        batch_op.add_column(sa.Column("expires", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("override", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.create_index(batch_op.f("ix_deliveries_broadcast"), ["broadcast"], unique=False)
        batch_op.create_index(
            "ix_deliveries_lane", ["account", "state", "lane", "next_at"], unique=False
        )

    op.execute("UPDATE deliveries SET lane = 'message' WHERE target <> ''")
    op.execute(
        "UPDATE deliveries SET state = progress "
        "WHERE state = 'done' AND progress IN ('submitted', 'withdrawn')"
    )
    op.execute(
        "UPDATE deliveries SET state = 'refused' WHERE state = 'parked' AND progress = 'refused'"
    )


def _down_records() -> None:
    op.execute(
        "UPDATE deliveries SET state = 'done' WHERE state IN ('submitted', 'withdrawn', 'partly')"
    )
    op.execute("UPDATE deliveries SET state = 'parked' WHERE state = 'refused'")
    op.execute("UPDATE deliveries SET state = 'cancelled' WHERE state = 'expired'")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_lane")
        batch_op.drop_index(batch_op.f("ix_deliveries_broadcast"))
        batch_op.drop_column("steps")
        batch_op.drop_column("override")
        batch_op.drop_column("expires")
        batch_op.drop_column("priority")
        batch_op.drop_column("broadcast")
        batch_op.drop_column("campaign")
        batch_op.drop_column("lane")


def _up_people() -> None:
    pass


def _down_people() -> None:
    pass
