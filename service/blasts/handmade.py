"""Hand-made lists: pasted addresses, matched to readers who consented. Nobody is ever added by them."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.blasts import audience
from service.blasts.criteria import LONGEST_LIST, Criteria
from service.errors import InvalidInput
from service.subscribers import addresses
from service.subscribers.models import Subscriber, Subscription

_BETWEEN = re.compile(r"[\s,;<>\"]+")
#: What nearly every address is. Of 20,000 the strict reading takes three seconds, and finds nobody else.
_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of a pasted list. The addresses themselves are kept nowhere."""

    subscription_ids: tuple[int, ...]
    #: Different addresses that were read.
    read: int
    #: Of these, how many belong to nobody who may get a blast: unknown, left, or without that consent.
    unmatched: int
    #: Words that are no addresses.
    unreadable: int


def match(session: Session, newsletter_id: int, pasted: str, *, now: datetime) -> Matched:
    """Find the readers behind pasted addresses, one a line or with commas between them.

    :raises InvalidInput: there is none in it, or there are too many.
    """
    words = [word for word in _BETWEEN.split(pasted) if word]
    if len(words) > 4 * LONGEST_LIST:
        raise InvalidInput(f"{LONGEST_LIST:,} addresses are the most in one list.", field="addresses")
    keys, unreadable = set(), 0
    # Names that stand beside addresses ("Ada Lovelace <ada@example.org>") are no mistake.
    for word in words:
        if "@" not in word:
            continue
        try:
            keys.add(word.casefold() if _is_plain(word) else addresses.parse(word).key)
        except InvalidInput:
            unreadable += 1
    if not keys:
        raise InvalidInput("There is no e-mail address in this list.", field="addresses")
    if len(keys) > LONGEST_LIST:
        raise InvalidInput(
            f"The list has {len(keys):,} addresses; {LONGEST_LIST:,} is the most.", field="addresses"
        )
    who = audience.matches(newsletter_id, Criteria(), now=now).subquery()
    found = session.scalars(
        select(Subscription.id)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(who, who.c.id == Subscription.id)
        .where(Subscriber.email_key == any_(literal(sorted(keys), ARRAY(Text))))
        .order_by(Subscription.id)
    ).all()
    return Matched(tuple(found), len(keys), len(keys) - len(found), unreadable)


def _is_plain(word: str) -> bool:
    return len(word) <= addresses.MAX_LENGTH and _PLAIN.fullmatch(word) is not None
