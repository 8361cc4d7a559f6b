"""What a subscription brings, said in the reader's language: the sentence that follows every choice."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.digests import forecast
from service.languages import dates
from service.languages.lists import capitalised, joined
from service.languages.words import _, n_
from service.newsletters.models import Rhythm
from service.subscribers import emails, reach
from service.subscribers.models import Subscription
from service.web.readers import moments

#: More topics than this are counted, not named.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sentence, what there is to add to it, and when mail comes next."""

    sentence: str
    note: str
    next: str


def of(session: Session, subscription: Subscription, *, now: datetime) -> Outcome:
    """Judge what is saved by the last four weeks."""
    if lost_all_topics(subscription):
        return Outcome(_("Nothing comes: the topics that you chose are no longer offered."), "", "")
    weekly = forecast.per_week(
        session,
        subscription.newsletter,
        topic_ids=subscription.topic_ids,
        excluded=subscription.excluded_topic_ids,
        muted=subscription.excluded_source_ids,
        now=now,
    )
    sentence, note = (
        _enough(subscription, weekly)
        if subscription.rhythm is Rhythm.ENOUGH
        else _regular(subscription, weekly)
    )
    return Outcome(sentence, note, _next(subscription, now=now))


def line(subscription: Subscription) -> str:
    """Say what and when in one line, for a list: "Every Friday at 07:00, from Science and Climate"."""
    return _(
        "%(when)s, from %(topics)s",
        when=capitalised(emails.rhythm_phrase(subscription)),
        topics=topics(subscription),
    )


def topics(subscription: Subscription) -> str:
    """Name the topics that mail is from, or count them."""
    if lost_all_topics(subscription):
        return _("no topic")
    offered = subscription.newsletter.open_topics
    chosen = [topic.name for topic in offered if topic.id in subscription.topic_ids]
    without = [topic.name for topic in offered if topic.id in subscription.excluded_topic_ids]
    if not chosen and 0 < len(without) <= _NAMED:
        return _("all topics but %(topics)s", topics=joined(without))
    if not chosen:
        return _("all topics")
    if len(chosen) > _NAMED:
        return n_("%(n)s topic", "%(n)s topics", len(chosen))
    return joined(chosen)


def lost_all_topics(subscription: Subscription) -> bool:
    """Say whether the reader chose topics and none of them is offered any more."""
    offered = {topic.id for topic in subscription.newsletter.open_topics}
    return bool(subscription.topic_ids) and offered.isdisjoint(subscription.topic_ids)


def _regular(subscription: Subscription, weekly: float) -> tuple[str, str]:
    newsletter = subscription.newsletter
    most = min(subscription.max_items or newsletter.max_items, newsletter.max_items)
    each = round(forecast.per_digest(weekly, rhythm=subscription.rhythm, most=most))
    when, of_topics = emails.rhythm_phrase(subscription), topics(subscription)
    if each == 0:
        sentence = _("A mail %(when)s, from %(topics)s.", when=when, topics=of_topics)
        return sentence, _("Hardly anything came there of late; what there is waits for the next mail.")
    sentence = n_(
        "About %(n)s article %(when)s, from %(topics)s.",
        "About %(n)s articles %(when)s, from %(topics)s.",
        each,
        when=when,
        topics=of_topics,
    )
    if each < newsletter.min_items:
        return sentence, _("Often that is too little for a mail; what there is then waits for the next one.")
    return sentence, ""


def _enough(subscription: Subscription, weekly: float) -> tuple[str, str]:
    count = subscription.enough_items
    sentence = n_(
        "A mail as soon as %(n)s good article waits, from %(topics)s.",
        "A mail as soon as %(n)s good articles wait, from %(topics)s.",
        count,
        topics=topics(subscription),
    )
    if weekly < 0.5:
        return sentence, _("Hardly anything came there of late.")
    days = max(1, round(count / weekly * 7))
    often = n_(
        "Of late that would have been about every day.",
        "Of late that would have been about every %(n)s days.",
        days,
    )
    return sentence, often


def _next(subscription: Subscription, *, now: datetime) -> str:
    moment = moments.local(subscription.next_due_at or now, subscription)
    until = subscription.paused_until
    if until is not None and reach.is_paused(subscription, now=now):
        day = dates.long_date(until)
        return _("Paused until %(day)s. Then: %(moment)s.", day=day, moment=moment)
    if subscription.rhythm is Rhythm.ENOUGH:
        return _("We look next on %(moment)s.", moment=moment)
    return _("Next mail: %(moment)s.", moment=moment)
