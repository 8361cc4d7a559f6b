"""What the tick asks: which tasks have something to do right now."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from service.articles import looking
from service.articles.models import ArticleTopic, Source
from service.blasts import due as blasts
from service.delivery import queries as delivery
from service.delivery.models import Stream
from service.digests import pulling, review
from service.dispatch import TaskName
from service.subscribers import queries as subscribers
from service.subscribers.models import Subscription, SubscriptionState


def due_tasks(session: Session, *, now: datetime) -> list[TaskName]:
    """Return the tasks that have work, most urgent first. One round trip, served by partial indexes."""
    questions: dict[TaskName, ColumnElement[bool]] = {
        TaskName.DELIVER_TRANSACTIONAL: delivery.is_due([Stream.TRANSACTIONAL], now=now),
        TaskName.PLAN_FIRST_DIGESTS: exists().where(
            Subscription.first_digest_pending, Subscription.state == SubscriptionState.ACTIVE
        ),
        TaskName.FAN_OUT_BLASTS: blasts.is_due(now=now),
        TaskName.PULL_WITHDRAWN: pulling.is_due(),
        TaskName.PLAN_DIGESTS: or_(subscribers.is_due(now=now), review.is_over(now)),
        TaskName.DELIVER_BULK: delivery.is_due([Stream.DIGEST, Stream.BLAST], now=now),
        TaskName.POLL_SOURCES: exists().where(
            Source.enabled,
            Source.next_poll_at <= now,
            or_(Source.lease_until.is_(None), Source.lease_until <= now),
        ),
        TaskName.LOOK_AT_PICTURES: exists().where(looking.is_due(now)),
        TaskName.SETTLE: exists().where(ArticleTopic.eligible_seq.is_(None)),
    }
    answers = session.execute(select(*questions.values())).one()
    return [task for task, answer in zip(questions, answers, strict=True) if answer]
