"""counters by time for the queue monitor, limits set by hand, an index of what went wrong"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0026"

# As of 0003, and what is planned is also counted by the time at which it was.
TALLY = """
CREATE OR REPLACE FUNCTION tally_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, date_bin('1 hour', state_at, '2000-01-01 00:00+00'), count(*)
        FROM fresh GROUP BY 1, 2, 3, 4;{planned}
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, date_bin('1 hour', state_at, '2000-01-01 00:00+00'), -count(*)
        FROM stale GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, hour, sum(n) FROM (
            SELECT mailing_id, state, reason,
                   date_bin('1 hour', state_at, '2000-01-01 00:00+00') AS hour, count(*) AS n
            FROM fresh GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT mailing_id, state, reason,
                   date_bin('1 hour', state_at, '2000-01-01 00:00+00'), -count(*)
            FROM stale GROUP BY 1, 2, 3, 4
        ) AS moves GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END $$
"""
PLANNED = """
        INSERT INTO traffic_tallies (at, stream, fate, relay, domain, code, n)
        SELECT date_bin('10 seconds', created_at, '2000-01-01 00:00+00'), stream, 'planned', '', '', 0, count(*)
        FROM fresh WHERE state = 'planned' GROUP BY 1, 2;"""


def upgrade() -> None:
    op.create_table(
        "traffic_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stream", _stream(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_tallies")),
    )
    op.create_index("ix_traffic_tallies_at", "traffic_tallies", ["at"])
    op.create_table(
        "delay_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mailing_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delay_tallies")),
    )
    op.create_index("ix_delay_tallies_mailing", "delay_tallies", ["mailing_id", "step"])
    op.create_table(
        "operator_limits",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_operator_limits")),
    )
    op.create_index(
        "ix_attempts_trouble",
        "attempts",
        ["at", "mailing_id", "message_id", "number"],
        postgresql_where=sa.text("outcome <> 'sent'"),
    )
    op.execute(TALLY.replace("{planned}", PLANNED))


def downgrade() -> None:
    op.execute(TALLY.replace("{planned}", ""))
    op.drop_index("ix_attempts_trouble", "attempts")
    for table in ("operator_limits", "delay_tallies", "traffic_tallies"):
        op.drop_table(table)


def _stream() -> sa.Enum:
    return sa.Enum(
        "transactional", "digest", "blast", name="stream", native_enum=False, create_constraint=True, length=32
    )
