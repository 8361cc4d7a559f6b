"""the popular list on other sites, scanners and readers told apart, stories split and merged by hand"""

import sqlalchemy as sa
from alembic import op

from service.migrations import concurrently

revision = "0020"
down_revision = "0017"

_CHECKED = ("site_events", "signal_buckets")
_SIGNALS = ("digest_click", "widget_click", "page_view", "share")


def upgrade() -> None:
    if concurrently.lacks_column("clicks", "reader"):
        _add()
    for table in _CHECKED:
        concurrently.validate(table, f"ck_{table}_signal")
    concurrently.create_index("ix_clicks_reader", "clicks", ["reader"], where="reader IS NOT NULL")
    concurrently.create_index("ix_clicks_article", "clicks", ["article_id"])
    concurrently.create_index("ix_site_events_article", "site_events", ["article_id"])


def _add() -> None:
    _allow_signals(_SIGNALS)
    # Without a default: no row is written again.
    op.add_column("signal_buckets", sa.Column("imported", sa.BigInteger(), nullable=True))
    op.add_column("clicks", sa.Column("gateway", sa.LargeBinary(), nullable=True))
    op.add_column("clicks", sa.Column("user_agent", sa.Text(), nullable=True))
    op.add_column("site_events", sa.Column("slot", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("clicks", sa.Column("reader", sa.LargeBinary(), nullable=True))
    op.add_column("newsletters", sa.Column("recognises", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("subscriptions", sa.Column("recognition_key", sa.LargeBinary(), nullable=True))
    op.create_table(
        "widget_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("article_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("slots", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("verdict", _enum("verdict", "human", "scanner", "repeat"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_widget_views")),
    )
    op.create_index("ix_widget_views_at", "widget_views", ["at"])
    op.create_index("ix_widget_views_visitor", "widget_views", ["visitor", "at"])
    op.create_table(
        "trapped",
        sa.Column("mailing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", "visitor", name=op.f("pk_trapped")),
    )
    op.create_index(op.f("ix_trapped_last_at"), "trapped", ["last_at"])
    op.create_table(
        "story_decisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _enum("storydecisionkind", "split", "merge"), nullable=False),
        sa.Column("article_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("other_ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_story_decisions_newsletter_id_newsletters"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_decisions")),
    )
    op.create_index(op.f("ix_story_decisions_newsletter_id"), "story_decisions", ["newsletter_id"])


def downgrade() -> None:
    op.drop_table("story_decisions")
    op.drop_table("trapped")
    op.drop_table("widget_views")
    op.drop_index("ix_site_events_article", "site_events")
    op.drop_index("ix_clicks_article", "clicks")
    op.drop_index("ix_clicks_reader", "clicks")
    op.drop_column("subscriptions", "recognition_key")
    op.drop_column("newsletters", "recognises")
    op.drop_column("clicks", "reader")
    op.drop_column("site_events", "slot")
    op.drop_column("clicks", "user_agent")
    op.drop_column("clicks", "gateway")
    op.drop_column("signal_buckets", "imported")
    for table in ("site_events", "signal_buckets"):
        op.execute(f"DELETE FROM {table} WHERE signal = 'widget_click'")  # noqa: S608  (two names of ours)
    _allow_signals(("digest_click", "page_view", "share"))
    for table in _CHECKED:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_signal")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _allow_signals(signals: tuple[str, ...]) -> None:
    """Rewrite the checks; the rows that are there are read through later."""
    values = ", ".join(f"'{signal}'" for signal in signals)
    for table in _CHECKED:
        name = op.f(f"ck_{table}_signal")
        op.drop_constraint(name, table, type_="check")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (signal IN ({values})) NOT VALID")
