"""A console with something on every page: a publication at work, with what went well and what did not."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service.articles.models import Article, CategoryMapping, Source
from service.blasts.models import Blast
from service.bootstrap import Runtime
from service.db import transaction
from service.delivery import traffic
from service.delivery.breaker_models import Relay
from service.delivery.models import Mailing, Message, MessageState, Suppression
from service.digests import planning
from service.digests.models import Edition
from service.newsletters.models import Newsletter, Rhythm
from service.operators import forgotten, kept_forms, setup
from service.operators import sessions as logins
from service.operators.models import Operator, Role
from service.ops.models import Heartbeat
from service.recipes.models import Recipe
from service.subscribers.models import Subscription
from service.subscribers.signup_models import Held, SignupAttempt
from tests.factories import make_operator, make_source, make_subscription
from tests.integration.ops import scenes
from tests.integration.web_admin.browsing import LOGIN_COOKIE
from tests.looks import drafts

#: What somebody may put into a feed, or a relay may say: text, wherever it is shown.
HOSTILE = '<script>alert(1)</script>" onload=x {{ 7*7 }} \u202egnp.exe'
_ZONES = ("Europe/London", "Europe/Berlin", "America/New_York")
_ATTEMPT = text(
    "INSERT INTO attempts (mailing_id, message_id, number, at, relay, phase, outcome, code, reply) "
    "VALUES (:mailing_id, :id, 1, :at, 'relay.example:25', 'rcpt', 'failed', 550, :reply)"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the address of a page is made of."""

    runtime: Runtime
    client: FlaskClient
    newsletter: Newsletter
    operator: Operator
    other: Operator
    article: Article
    mailing: Mailing
    failed: Message
    edition: Edition
    recipe: Recipe
    draft: Blast
    scheduled: Blast
    going: Blast
    segment_id: int
    reader: Subscription
    second: Subscription
    source_id: int
    suppression_id: int
    kept_id: int
    invitation: str
    password: str
    #: Pages that were there only until somebody came.
    earlier: dict[str, TestResponse]

    @property
    def topic_id(self) -> int:
        return self.newsletter.topics[0].id

    @property
    def sender_id(self) -> int:
        return self.newsletter.sender_id

    @property
    def reader_id(self) -> int:
        return self.reader.subscriber_id

    @property
    def second_id(self) -> int:
        return self.second.subscriber_id

    @property
    def relay(self) -> str:
        return self.runtime.settings.relays[0].label

    @property
    def setup(self) -> str:
        return f"/setup/{setup.setup_token(self.runtime.settings)}"

    def get(self, path: str, *, signed_in: bool = True) -> TestResponse:
        """Open a page of the console, as an administrator or as a stranger."""
        if path in self.earlier:
            return self.earlier[path]
        client = self.client if signed_in else self.client.application.test_client()
        return client.get(path, follow_redirects=True)


def sit_down(runtime: Runtime, client: FlaskClient, newsletter_id: int) -> Desk:
    """Fill a console for a newsletter that `world.build` has made, and log an administrator in."""
    now = datetime.now(UTC)
    setting_up = f"/setup/{setup.setup_token(runtime.settings)}"
    earlier = {setting_up: client.get(setting_up)}
    with transaction(runtime.sessions) as session:
        newsletter = session.get_one(Newsletter, newsletter_id)
        ada = make_operator(session, password_hash="unused", name="Ada Hale")
        ben = make_operator(session, role=Role.EDITOR, name="Ben Rowe")
        readers = _readers(session, newsletter, now=now)
        _house(session, newsletter, now=now)
    _plan_digests(runtime, now=now)
    with transaction(runtime.sessions) as session:
        newsletter = session.get_one(Newsletter, newsletter_id)
        mailing = scenes.make_mailing(
            session, scenes.EVERYTHING, now=now, newsletter=newsletter, cause="one of everything"
        )
        failed = _failures(session, mailing, now=now)
        written = drafts.write(session, newsletter, ada, links=runtime.links, now=now)
        kept = kept_forms.keep(
            session,
            ada.id,
            path=f"/console/blasts/{written.draft.id}/edit",
            page=f"/console/blasts/{written.draft.id}/edit",
            fields=[("subject", HOSTILE), ("body_markdown", "Because of the **storm**.")],
            now=now,
        )
        assert kept is not None
        suppression = Suppression(
            address_hash=b"somebody",
            reason="complaint",
            created_at=now,
            subscriber_id=readers[2].subscriber_id,
        )
        session.add(suppression)
        ben = session.get_one(Operator, ben.id)
        ben.invited_at, ben.password_hash = now, None
        session.flush()
        client.set_cookie(LOGIN_COOKIE, logins.start(session, ada, ip="127.0.0.1", now=now))
        edition, recipe = session.execute(
            select(Edition, Recipe)
            .join(Recipe, Recipe.mailing_id == Edition.mailing_id)
            .order_by(Recipe.id)
            .limit(1)
        ).one()
        return Desk(
            runtime=runtime,
            client=client,
            newsletter=newsletter,
            operator=ada,
            other=ben,
            article=session.scalars(select(Article).order_by(Article.id).limit(1)).one(),
            mailing=mailing,
            failed=failed,
            edition=edition,
            recipe=recipe,
            draft=written.draft,
            scheduled=written.scheduled,
            going=written.going,
            segment_id=written.segment_id,
            reader=readers[0],
            second=readers[1],
            source_id=session.scalars(select(Source.id).where(Source.failures > 0)).one(),
            suppression_id=suppression.id,
            kept_id=kept.id,
            invitation=runtime.links.invitation(
                operator_id=ben.id, generation=ben.invitation_generation, at=now
            ).removeprefix(runtime.links.base_url),
            password=runtime.links.new_password(
                operator_id=ada.id, mark=forgotten.mark_of(ada), at=now
            ).removeprefix(runtime.links.base_url),
            earlier=earlier,
        )


def _readers(session: Session, newsletter: Newsletter, *, now: datetime) -> list[Subscription]:
    """Forty readers, a third of whom are due now."""
    topics = [topic.id for topic in newsletter.topics]
    return [
        make_subscription(
            session,
            newsletter,
            email=f"ann.of.the.very.long.address{n}@harbour-mail.example",
            announcements=n % 2 == 0,
            topic_ids=topics[: 1 + n % len(topics)],
            rhythm=Rhythm.DAILY if n % 3 == 0 else Rhythm.WEEKLY,
            time_zone=_ZONES[n % 3],
            locale="en",
            next_due_at=now - timedelta(seconds=5) if n % 3 == 0 else now + timedelta(hours=n % 20),
            confirmed_at=now - timedelta(days=n),
        )
        for n in range(40)
    ]


def _house(session: Session, newsletter: Newsletter, *, now: datetime) -> None:
    """What surrounds the mail: processes, a feed that fails, a category without a topic, a flood."""
    newsletter.min_items = 1
    session.scalars(select(Article).order_by(Article.id).limit(1)).one().title = HOSTILE
    make_source(
        session,
        newsletter,
        name=HOSTILE,
        last_error="The feed answered 503.",
        failures=4,
        last_polled_at=now - timedelta(minutes=9),
    )
    session.add_all(
        Heartbeat(
            name=f"{kind}@harbour", kind=kind, version="0.6", started_at=now - timedelta(days=2), seen_at=seen
        )
        for kind, seen in (("worker", now), ("beat", now - timedelta(seconds=4)), ("web", now))
    )
    session.add(
        Relay(
            name="relay.example:25",
            problem="The relay refused our login (535).",
            failures=2,
            closed_until=now + timedelta(minutes=3),
            changed_at=now,
        )
    )
    session.add(
        CategoryMapping(
            newsletter_id=newsletter.id, category_key="tide tables", category="Tide tables", first_seen_at=now
        )
    )
    session.add_all(
        SignupAttempt(
            at=now,
            email_hash=b"one victim",
            network="192.0.2.0/24",
            newsletter_id=newsletter.id,
            mailed=False,
            held_by=Held.ADDRESS,
        )
        for _ in range(20)
    )
    session.flush()


def _plan_digests(runtime: Runtime, *, now: datetime) -> None:
    with transaction(runtime.sessions) as session:
        session.execute(select(func.setval("eligible_seq", 1000)))
    planning.plan_due(runtime.sessions, links=runtime.links, now=now)


def _failures(session: Session, mailing: Mailing, *, now: datetime) -> Message:
    """Say of a failed message what the relay said of it."""
    failed = scenes.messages_of(session, mailing, MessageState.FAILED)[0]
    said = {"mailing_id": mailing.id, "id": failed.id, "at": now, "reply": HOSTILE}
    session.execute(_ATTEMPT, said)
    second = int(now.timestamp()) // 10 * 10
    traffic.write_fates(
        session,
        Counter(
            {
                (second, "digest", "failed", "relay.example:25", "harbour-mail.example", 550): 2,
                (second, "digest", "deferred", "relay.example:25", "example.org", 451): 9,
                (second, "digest", "sent", "relay.example:25", "example.org", 250): 90,
            }
        ),
    )
    return failed
