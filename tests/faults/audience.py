"""The readers of the world, and the mailings of one run: planned through the real ledger."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select, update

from service.blasts.emails import blast_letter
from service.db import transaction
from service.delivery import ledger, mailings, suppression
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Stream
from service.newsletters.models import Newsletter
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import RecipeKind
from service.subscribers.models import Subscriber, Subscription, SubscriptionState
from tests.factories import LINKS, make_newsletter, make_subscription
from tests.faults.world import World

BLAST, DIGEST, CONFIRM = 60, 30, 5
READERS = BLAST + DIGEST
#: Of each stream: this many are suppressed, and this many have left, when the messages are planned.
SUPPRESSED, LEFT = 2, 1
#: Takes the database's feigned lack of room away (see `disks`).
ROOM = "DROP FUNCTION IF EXISTS no_room() CASCADE"


@dataclass
class Plan:
    """What one run is about."""

    blast: int
    digest: int
    monthly: int
    #: A further mailing that the fault itself has made.
    extra: int = 0
    #: Who must get nothing.
    suppressed: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    #: The subscriptions that must get their mail.
    wanted: list[int] = field(default_factory=list)
    #: The dedupe keys of this run's confirmations.
    confirms: list[str] = field(default_factory=list)

    @property
    def mailings(self) -> list[int]:
        return [each for each in (self.blast, self.digest, self.monthly, self.extra) if each]


def settle_in(world: World) -> None:
    """Make the newsletter and its readers."""
    with transaction(world.runtime.sessions) as session:
        newsletter = make_newsletter(session)
        for n in range(READERS):
            make_subscription(session, newsletter, email=f"reader{n}@example.org", announcements=True)
        for n in range(CONFIRM):
            make_subscription(
                session,
                newsletter,
                email=f"new{n}@example.org",
                state=SubscriptionState.PENDING,
                confirmed_at=None,
            )


def plan(world: World, *, seed: str) -> Plan:
    """Write the ledger rows of one run, all due now, in one transaction."""
    now = datetime.now(UTC)
    hash_address = world.runtime.hash_address
    with transaction(world.runtime.sessions) as session:
        newsletter = session.scalars(select(Newsletter).order_by(Newsletter.id).limit(1)).one()
        rows = session.execute(
            select(Subscription.id, Subscriber.id, Subscriber.email)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscriber.email.like("reader%@example.org"))
            .order_by(Subscription.id)
        ).all()
        new = session.scalars(
            select(Subscription)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscriber.email.like("new%@example.org"))
        )
        found = Plan(blast=0, digest=0, monthly=mailings.transactional(session, now=now).id)
        for stream, part in ((Stream.BLAST, rows[:BLAST]), (Stream.DIGEST, rows[BLAST:])):
            mailing = mailings.open_mailing(
                session,
                stream=stream,
                cause=f"{stream} of {seed}",
                title=f"{stream} of {seed}",
                list_id=newsletter.id,
                now=now,
            )
            setattr(found, stream.value, mailing.id)
            recipe_id = _recipe(session, newsletter, mailing, now=now)
            ledger.put(
                session,
                mailing,
                [
                    NewMessage(
                        f"subscription {subscription_id}",
                        stream.value,
                        now,
                        subscriber_id=subscriber_id,
                        subscription_id=subscription_id,
                        recipe_id=recipe_id,
                    )
                    for subscription_id, subscriber_id, _ in part
                ],
                now=now,
            )
            mailings.finish_planning(session, mailing.id, now=now)
            for _, _, email in part[-SUPPRESSED:]:
                suppression.suppress(
                    session, hash_address(email), list_id=newsletter.id, reason="operator", now=now
                )
                found.suppressed.add(email)
            leaving = part[:LEFT]
            session.execute(
                update(Subscription)
                .where(Subscription.id.in_([row[0] for row in leaving]))
                .values(state=SubscriptionState.UNSUBSCRIBED)
            )
            found.left |= {row[2] for row in leaving}
            found.wanted += [row[0] for row in part[LEFT:-SUPPRESSED]]
        confirms = [
            NewMessage(
                f"confirm {each.id} of {seed}",
                "confirm",
                now,
                subscriber_id=each.subscriber_id,
                subscription_id=each.id,
                details={"generation": each.generation},
            )
            for each in new
        ]
        ledger.put(session, session.get_one(Mailing, found.monthly), confirms, now=now)
        found.confirms = [each.dedupe_key for each in confirms]
    return found


def clean_up(world: World) -> None:
    """Let everybody be as before the run: readers, suppressions, the relay, what is left over."""
    world.forget_limits()
    world.admin(
        ROOM,
        "UPDATE subscriptions SET state = 'active', unsubscribed_at = NULL, announcements = true "
        "WHERE subscriber_id IN (SELECT id FROM subscribers WHERE email LIKE 'reader%@example.org')",
        # Visitors come to sign up within one run, and are no audience of the next.
        "UPDATE subscriptions SET state = 'unsubscribed' "
        "WHERE subscriber_id IN (SELECT id FROM subscribers WHERE email LIKE 'visitor%@example.org')",
        "DELETE FROM signup_attempts",
        "DELETE FROM suppressions",
        "DELETE FROM relays",
        "UPDATE messages SET state = 'cancelled', reason = 'over', owner = NULL, lease_until = NULL "
        "WHERE state IN ('planned', 'deferred', 'held')",
    )


def _recipe(session: object, newsletter: Newsletter, mailing: Mailing, *, now: datetime) -> int:
    kind = RecipeKind.BLAST if mailing.stream is Stream.BLAST else RecipeKind.DIGEST
    body = "\n\n".join(f"Paragraph {n} of the news of the day, [read it]({_LINK}{n})." for n in range(12))
    draft = Draft(
        kind=kind,
        newsletter_id=newsletter.id,
        mailing_id=mailing.id,
        subject=mailing.title,
        locale=newsletter.locale,
        content={"markdown": body},
    )
    return making.make(
        session,  # type: ignore[arg-type]
        draft,
        letter=lambda: blast_letter(
            newsletter, subject=mailing.title, markdown=body, locale=newsletter.locale, links=LINKS
        ),
        now=now,
    ).id


_LINK = "https://courier.example/stories/"
