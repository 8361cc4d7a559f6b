"""Blasts in each of their states, to look at the pages of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.blasts import audience, choosing, drafts, frozen, schedule, segments, sending
from service.blasts.blocks import Block, Kind
from service.blasts.criteria import Criteria
from service.blasts.models import Blast
from service.blasts.plans import Plan
from service.links import Links
from service.newsletters.models import Newsletter
from service.operators.models import Operator
from tests.factories import make_subscription

PICTURE = "https://saltmere.example/boats.jpg"


@dataclass(frozen=True, slots=True)
class Written:
    """A draft with every kind of block, one that waits for its minute, and one that is under way."""

    draft: Blast
    scheduled: Blast
    going: Blast
    segment_id: int


def write(
    session: Session, newsletter: Newsletter, operator: Operator, *, links: Links, now: datetime
) -> Written:
    article_id = session.scalars(
        select(Article.id).filter_by(newsletter_id=newsletter.id).order_by(Article.id).limit(1)
    ).one()
    draft = _draft(session, newsletter, operator, "The regatta moves to Sunday", now=now)
    drafts.edit(
        session,
        draft.id,
        subject=draft.subject,
        preheader="Because of the storm, and of the tide",
        body_markdown="Because of the **storm**, the [regatta](https://saltmere.example/regatta) moves.",
        blocks=_every_kind(article_id),
        in_archive=True,
        version=draft.version,
        actor="test",
        now=now,
    )
    plan = Plan(latest_hours=12, first_percent=10, hold_minutes=30)
    choosing.set_plan(session, draft.id, plan, subject_b="Sunday it is", actor="test", now=now)
    scheduled = _confirmed(session, newsletter, operator, "Soup in the printing hall", links=links, now=now)
    going = _confirmed(session, newsletter, operator, "The ferry runs again", links=links, now=now)
    sending.begin(session, going, links=links, actor="test", now=now + timedelta(minutes=2))
    sending.fan_out_slice(session, going, now=now + timedelta(minutes=2))
    segment = segments.create(
        session,
        newsletter.id,
        name="Who reads daily",
        criteria=Criteria(rhythms=("daily",), topics_any=(newsletter.topics[0].id,)),
        actor="test",
        now=now,
    )
    return Written(draft, scheduled, going, segment.id)


def _draft(
    session: Session, newsletter: Newsletter, operator: Operator, subject: str, *, now: datetime
) -> Blast:
    return drafts.create(
        session,
        newsletter,
        subject=subject,
        body_markdown="Come, and bring a **spoon**.",
        operator_id=operator.id,
        now=now,
    )


def _confirmed(
    session: Session, newsletter: Newsletter, operator: Operator, subject: str, *, links: Links, now: datetime
) -> Blast:
    make_subscription(session, newsletter, announcements=True)
    blast = _draft(session, newsletter, operator, subject, now=now)
    return schedule.confirm(
        session,
        blast.id,
        confirmed_count=audience.count(session, blast, now=now),
        seen=frozen.fingerprint(blast),
        operator_id=operator.id,
        links=links,
        now=now,
    )


def _every_kind(article_id: int) -> tuple[Block, ...]:
    return (
        Block(Kind.TEXT, text="## What there is\n\n- A tour\n- Soup"),
        Block(Kind.ARTICLE, article_id=article_id),
        Block(Kind.BUTTON, text="See the course", url="https://saltmere.example/course"),
        Block(Kind.IMAGE, text="Boats at the quay", url=PICTURE),
        Block(Kind.QUOTE, text="We sail on Sunday.", by="The harbour master"),
        Block(Kind.DIVIDER),
    )
