"""Blasts in every state, segments of every kind, and the operators who made them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.bench import content
from service.bench.console.copying import copy
from service.bench.console.mailings import SUBJECT, Written
from service.bench.console.people import House
from service.bench.console.size import Course
from service.blasts.criteria import Criteria
from service.blasts.models import Blast, BlastLink, BlastState, Segment
from service.blasts.plans import Plan, When
from service.delivery.models import Stream
from service.operators import accounts
from service.operators.models import KeptForm, Operator, Role

ADMIN, PASSWORD = "admin@bench.example", "the bench measures every page"
#: Addresses of the hand-made list.
_LISTED = 5_000
_STATES = {
    Course.PAST: BlastState.SENT,
    Course.GOING: BlastState.SENDING,
    Course.PAUSED: BlastState.PAUSED,
    Course.STOPPED: BlastState.CANCELLED,
}


def operators(session: Session, *, now: datetime) -> Operator:
    """Write the accounts; return the administrator who looks at every page."""
    admin = accounts.create(
        session, email=ADMIN, name="Ada Quill", role=Role.ADMIN, password=PASSWORD, actor="bench", now=now
    )
    for n, role in enumerate((Role.SENDER, Role.EDITOR, Role.EDITOR, Role.VIEWER)):
        accounts.create(
            session,
            email=f"operator{n}@bench.example",
            name=f"Operator {n}",
            role=role,
            password=PASSWORD,
            actor="bench",
            now=now,
        )
    kept = {"fields": [["subject", "What somebody typed"]]}
    session.add(
        KeptForm(
            operator_id=admin.id, kept_at=now, path="/console/blasts/1/edit", page="/console/", content=kept
        )
    )
    return admin


def write(
    session: Session, houses: Sequence[House], written: Sequence[Written], admin: Operator, *, now: datetime
) -> None:
    """Write what became of blasts, and what is still to become of others."""
    for each in written:
        if each.planned.stream is Stream.BLAST:
            session.add(_sent(each, houses[each.planned.newsletter or 0], admin))
            session.add_all(
                BlastLink(mailing_id=each.id, number=n, url=f"https://{content.DOMAIN}/{n}")
                for n in range(1, 6)
            )
    latest = max(
        each.id for each in written if each.planned.stream is Stream.BLAST and not each.planned.newsletter
    )
    largest = houses[0]
    for name, criteria in audiences(largest, latest, now=now).items():
        segment = Segment(
            newsletter_id=largest.newsletter.id, name=name, definition=criteria.written(), created_at=now
        )
        session.add(segment)
        session.flush()
        blast = _blast(largest, admin, BlastState.DRAFT, now=now)
        blast.topic_ids = list(criteria.topics_any)
        blast.audience = criteria.without_topics().written()
        blast.segment_id = segment.id
        session.add(blast)
    for house in houses:
        session.add_all(_waiting(house, admin, now=now))
    clicks = [
        (each.id, n % 5 + 1, n % 2, each.created_at + timedelta(minutes=n), n.to_bytes(32), "human")
        for each in written[-60:]
        if each.planned.stream is Stream.BLAST
        for n in range(min(2_000, each.planned.count))
    ]
    copy(session, "blast_clicks", "mailing_id, number, variant, at, visitor, verdict", clicks)


def audiences(house: House, mailing_id: int, *, now: datetime) -> dict[str, Criteria]:
    """Return an audience of every kind."""
    first, second, third, *_, last = house.topic_ids
    listed = range(house.first_subscription, house.first_subscription + min(_LISTED, house.readers))
    year = (now - timedelta(days=365)).date()
    return {
        "Everybody": Criteria(),
        "Any of two topics": Criteria(topics_any=(first, second)),
        "A rare topic": Criteria(topics_any=(last,)),
        "All of two topics": Criteria(topics_all=(first, second)),
        "Not one topic": Criteria(topics_none=(third,)),
        "Daily readers": Criteria(rhythms=("daily",)),
        "German in Berlin": Criteria(locales=("de",), zones=("Europe/Berlin",)),
        "Joined this year": Criteria(joined_after=year),
        "Clicked in a month": Criteria(clicked_days=30),
        "Got the last one": Criteria(got=mailing_id),
        "Missed the last one": Criteria(missed=mailing_id),
        "Did not get the last one": Criteria(without=mailing_id),
        "A list": Criteria(listed=tuple(listed)),
        "All at once": Criteria(
            topics_any=(first, second),
            topics_none=(last,),
            rhythms=("weekly",),
            joined_before=year,
            missed=mailing_id,
        ),
    }


def _blast(house: House, admin: Operator, state: BlastState, *, now: datetime, **values: Any) -> Blast:
    return Blast(
        newsletter_id=house.newsletter.id,
        subject=SUBJECT,
        body_markdown=content.blast_markdown(200),
        topic_ids=[],
        state=state,
        created_by=admin.id,
        created_at=now,
        **values,
    )


def _sent(written: Written, house: House, admin: Operator) -> Blast:
    planned, at = written.planned, written.created_at
    over = planned.course in {Course.PAST, Course.STOPPED}
    compared = written.id % 2 == 0
    return _blast(
        house,
        admin,
        _STATES[planned.course],
        now=at,
        subject_b="The harbour opens, and everybody comes" if compared else "",
        plan=Plan(first_percent=10, hold_minutes=60).written() if compared else {},
        winner=0 if compared and over else None,
        released_at=at + timedelta(hours=1) if compared and over else None,
        send_at=at,
        scheduled_at=at,
        requested_by=admin.id,
        mailing_id=written.id,
        recipe_id=written.first_recipe,
        confirmed_count=planned.count,
        started_at=at,
        finished_at=at + timedelta(hours=1) if over else None,
    )


def _waiting(house: House, admin: Operator, *, now: datetime) -> list[Blast]:
    """Return what has not begun, what never will, and what was put away."""
    confirmed = {"requested_by": admin.id, "scheduled_at": now, "confirmed_count": house.readers // 2}
    clock = (now + timedelta(days=3)).replace(tzinfo=None, second=0, microsecond=0)
    return [
        _blast(house, admin, BlastState.AWAITING, now=now, send_at=now + timedelta(days=2), **confirmed),
        _blast(house, admin, BlastState.SCHEDULED, now=now, send_at=now + timedelta(days=2), **confirmed),
        _blast(
            house,
            admin,
            BlastState.SCHEDULED,
            now=now,
            send_at=now + timedelta(days=3),
            plan=Plan(When.LOCAL, clock, latest_hours=12).written(),
            **confirmed,
        ),
        _blast(
            house,
            admin,
            BlastState.EXPIRED,
            now=now,
            finished_at=now,
            ended_because="Its latest time was over before anybody approved it.",
        ),
        _blast(house, admin, BlastState.CANCELLED, now=now, finished_at=now),
        _blast(house, admin, BlastState.DRAFT, now=now, archived_at=now),
    ]
