"""readers found by address and listed by state, and counts that outlive what they were counted from"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"

GROWTH = "kind IN ('confirmed', 'returned', 'unsubscribed', 'never_again')"


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    # The table stays as it is; its unique index is made anew.
    op.alter_column("subscribers", "email_key", type_=sa.Text(collation="C"), existing_nullable=False)
    op.create_index("ix_subscribers_domain", "subscribers", [sa.text("split_part(email_key, '@', -1)"), "id"])
    op.create_index("ix_subscriptions_listed", "subscriptions", ["newsletter_id", "state", "id"])
    op.drop_index(op.f("ix_subscriptions_newsletter_id"), table_name="subscriptions")
    op.create_index(
        "ix_subscriptions_paused",
        "subscriptions",
        ["id"],
        postgresql_where=sa.text("paused_until IS NOT NULL"),
    )
    op.create_index("ix_consent_events_growth", "consent_events", ["at"], postgresql_where=sa.text(GROWTH))
    op.create_index(
        "ix_consent_events_mailing",
        "consent_events",
        [sa.text("CAST(details ->> 'mailing' AS bigint)")],
        postgresql_where=sa.text("kind = 'unsubscribed' AND details ? 'mailing'"),
    )
    op.add_column("suppressions", sa.Column("subscriber_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_suppressions_reason", "suppressions", ["reason", "id"])
    op.create_index(
        "ix_suppressions_subscriber",
        "suppressions",
        ["subscriber_id"],
        postgresql_where=sa.text("subscriber_id IS NOT NULL"),
    )
    op.create_table(
        "click_tallies",
        *(_number(name) for name in ("mailing_id", "article_id", "slot", "variant")),
        sa.Column("day", sa.Date(), nullable=False),
        *(_number(name) for name in ("people", "repeats", "machines")),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_click_tallies_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "mailing_id", "article_id", "slot", "variant", "day", name=op.f("pk_click_tallies")
        ),
    )
    op.create_index("ix_click_tallies_day", "click_tallies", ["day"])
    op.create_index("ix_click_tallies_article", "click_tallies", ["article_id"])
    op.create_table(
        "mailing_results",
        _number("mailing_id"),
        *(_number(name) for name in ("people", "repeats", "machines", "unsubscribed", "complaints")),
        *(_number(name) for name in ("hard_bounces", "soft_bounces", "returned")),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_mailing_results")),
    )
    op.create_table(
        "topic_tallies",
        _number("topic_id"),
        sa.Column("day", sa.Date(), nullable=False),
        _number("people"),
        _number("machines"),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_topic_tallies_topic_id_topics")),
        sa.PrimaryKeyConstraint("topic_id", "day", name=op.f("pk_topic_tallies")),
    )
    op.create_table(
        "daily_tallies",
        _number("newsletter_id"),
        sa.Column("day", sa.Date(), nullable=False),
        *(_number(name) for name in ("active", "joined", "lost", "sent", "people", "machines")),
        *(_number(name) for name in ("complaints", "bounces")),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], name=op.f("fk_daily_tallies_newsletter_id_newsletters")
        ),
        sa.PrimaryKeyConstraint("newsletter_id", "day", name=op.f("pk_daily_tallies")),
    )


def downgrade() -> None:
    for table in ("daily_tallies", "topic_tallies", "mailing_results", "click_tallies"):
        op.drop_table(table)
    op.drop_index("ix_suppressions_subscriber", table_name="suppressions")
    op.drop_index("ix_suppressions_reason", table_name="suppressions")
    op.drop_column("suppressions", "subscriber_id")
    op.drop_index("ix_consent_events_mailing", table_name="consent_events")
    op.drop_index("ix_consent_events_growth", table_name="consent_events")
    op.create_index(op.f("ix_subscriptions_newsletter_id"), "subscriptions", ["newsletter_id"])
    op.drop_index("ix_subscriptions_paused", table_name="subscriptions")
    op.drop_index("ix_subscriptions_listed", table_name="subscriptions")
    op.drop_index("ix_subscribers_domain", table_name="subscribers")
    op.alter_column("subscribers", "email_key", type_=sa.Text(), existing_nullable=False)
