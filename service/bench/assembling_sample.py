"""Asks the plain one-reader function what it would have chosen, and compares it with what was planned."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.bench.runner import Progress
from service.db import Sessions
from service.delivery.models import Message, MessageState
from service.digests import choosing, content, pool
from service.digests.models import Edition, Run
from service.digests.selection import drawing, greedy
from service.digests.selection.values import Candidate, Reader, Selection
from service.languages import speech
from service.recipes import reading
from service.recipes.models import Recipe
from service.subscribers.models import Subscription

_BATCH = 500


def differences(sessions: Sessions, *, size: int, now: datetime, progress: Progress) -> int:
    """Return for how many readers of an even sample the two are not the same to the letter."""
    with sessions() as session:
        ids = session.scalars(select(Message.subscription_id).order_by(Message.subscription_id)).all()
        step = max(1, len(ids) // max(size, 1))
        sample = [each or 0 for each in ids[::step][:size]]
        edition = session.scalars(select(Edition)).one()
        candidates = _candidates(session, edition, now=now)
        found = 0
        for start in range(0, len(sample), _BATCH):
            found += _compare(session, sample[start : start + _BATCH], edition, candidates)
            progress.sent(min(start + _BATCH, len(sample)), len(sample))
        return found


def _candidates(session: Session, edition: Edition, *, now: datetime) -> list[Candidate]:
    run = session.scalars(select(Run)).one()
    return pool.load_window(
        session,
        edition.newsletter,
        rhythm=edition.rhythm,
        after_seq=0,
        until_seq=run.cutoff_seq,
        seed=drawing.seed(edition.newsletter_id, edition.rhythm, edition.period),
        now=now,
    )


def _compare(
    session: Session, subscription_ids: list[int], edition: Edition, candidates: list[Candidate]
) -> int:
    rows = session.execute(
        select(Message, Subscription, Recipe)
        .join(Subscription, Subscription.id == Message.subscription_id)
        .outerjoin(Recipe, Recipe.id == Message.recipe_id)
        .where(Message.subscription_id.in_(subscription_ids), Message.mailing_id == edition.mailing_id)
    ).all()
    told = reading.all_sections(session, [row[2] for row in rows if row[2] is not None])
    wrong = len(subscription_ids) - len(rows)
    for message, subscription, recipe in rows:
        reader = _reader(edition, message, subscription)
        planned = (message.reason, None) if recipe is None else ("", told[recipe.id])
        with speech.speaking(subscription.locale):
            wrong += planned != _plain(candidates, reader)
    session.expunge_all()
    session.add(edition)
    return wrong


def _reader(edition: Edition, message: Message, subscription: Subscription) -> Reader:
    # Who was skipped has the watermark still; nobody had a digest before.
    skipped = message.state is MessageState.SKIPPED
    return choosing.reader_of(
        subscription,
        newsletter=edition.newsletter,
        offered=choosing.offer(edition.newsletter),
        rhythm=edition.rhythm,
        received=frozenset(),
        watermark=subscription.watermark if skipped else message.from_seq or 0,
    )


def _plain(candidates: list[Candidate], reader: Reader) -> tuple[str, list[dict[str, Any]] | None]:
    chosen = greedy.select(candidates, reader=reader)
    return ("", content.sections(chosen)) if isinstance(chosen, Selection) else (chosen.reason, None)
