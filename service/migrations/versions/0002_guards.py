"""guards: append-only logs, and counters that cannot drift from the ledger"""

from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("audit_entries", "consent_events")

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Erasure and retention say so first: SET LOCAL broadsheet.may_erase = 'yes'
    IF TG_OP = 'DELETE' AND current_setting('broadsheet.may_erase', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""

TALLY = """
CREATE FUNCTION tally_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, date_trunc('hour', state_at, 'UTC'), count(*)
        FROM fresh GROUP BY 1, 2, 3, 4;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, date_trunc('hour', state_at, 'UTC'), -count(*)
        FROM stale GROUP BY 1, 2, 3, 4;
    ELSE
        INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
        SELECT mailing_id, state, reason, date_trunc('hour', state_at, 'UTC'), sum(n) FROM (
            SELECT mailing_id, state, reason, state_at, 1 AS n FROM fresh
            UNION ALL
            SELECT mailing_id, state, reason, state_at, -1 FROM stale
        ) AS moves GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(TALLY)
    for event, tables in (
        ("INSERT", "NEW TABLE AS fresh"),
        ("UPDATE", "OLD TABLE AS stale NEW TABLE AS fresh"),
        ("DELETE", "OLD TABLE AS stale"),
    ):
        op.execute(
            f"CREATE TRIGGER tally_{event.lower()} AFTER {event} ON messages REFERENCING {tables} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tally_messages()"
        )


def downgrade() -> None:
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER tally_{event} ON messages")
    op.execute("DROP FUNCTION tally_messages")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change")
