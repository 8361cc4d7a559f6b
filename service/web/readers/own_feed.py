"""A reader's own feed, and the three buttons on the preference page that turn it on, renew it and end it."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.archive import own_digests, stories
from service.archive.syndication import Entry, Feed
from service.db import transaction
from service.errors import NotFound
from service.languages import speech
from service.languages.words import _
from service.subscribers import own_feed
from service.subscribers.models import Subscription
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import feeds
from service.web.readers.page import circumstances, ids
from service.web.security import private

blueprint = Blueprint("own_feed", __name__)

CHANNEL = "preferences"
ATOM = "atom"


@blueprint.get("/f/<token>")
def atom(token: str) -> ResponseReturnValue:
    return _answer(token, ATOM)


@blueprint.get("/f/<token>/json")
def json(token: str) -> ResponseReturnValue:
    return _answer(token, "json")


@blueprint.post("/p/<token>/feed")
def turn_on(token: str) -> ResponseReturnValue:
    """Turn the feed on, or give it a new address; the one before leads nowhere from then on."""
    with transaction(runtime().sessions) as session:
        own_feed.turn_on(session, _id(token), circumstances=circumstances(CHANNEL), now=now())
    return _back(token)


@blueprint.post("/p/<token>/feed/off")
def turn_off(token: str) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        own_feed.turn_off(session, _id(token), circumstances=circumstances(CHANNEL), now=now())
    return _back(token)


def address(subscription: Subscription) -> str | None:
    """Return where a reader's own feed is, while it is on: the preference page shows it."""
    if not subscription.feed_on:
        return None
    return runtime().links.own_feed(subscription_id=subscription.id, generation=subscription.feed_generation)


def _answer(token: str, form: str) -> ResponseReturnValue:
    subscription_id, generation = ids(Purpose.FEED, token, at_least=2)[:2]
    with runtime().sessions() as session:
        owner = own_digests.find_owner(session, subscription_id, generation=generation)
        if owner is None:
            raise NotFound(
                _("This feed has ended. Its reader may have turned it off, or given it a new address.")
            )
        speech.begin(owner.locale)
        feed = _feed(
            session,
            owner,
            here=runtime().links.own_feed(subscription_id=subscription_id, generation=generation),
        )
    answer = feeds.answer(feed, form)
    return private(answer)


def _feed(session: Session, owner: Subscription, *, here: str) -> Feed:
    newsletter = owner.newsletter
    withdrawn = stories.last_withdrawal(session, newsletter)
    entries = []
    for one in own_digests.received(session, owner):
        entry = feeds.article(newsletter, one.story)
        entries.append(
            Entry(
                id=entry.id,
                title=entry.title,
                url=entry.url,
                published_at=one.at,
                updated_at=max(one.at, entry.updated_at),
                summary=entry.summary,
                author=entry.author,
            )
        )
    return Feed(
        # Not the subscription's number: two feeds of one reader must not be told as one's.
        id=here,
        title=_("Your %(newsletter)s", newsletter=newsletter.name),
        description=_("The articles of your digests. This address is yours alone."),
        home_url=runtime().links.newsletter(newsletter.slug),
        atom_url=here,
        json_url=f"{here}/json",
        language=speech.spoken(),
        author=newsletter.sender.name,
        since=max(newsletter.created_at, withdrawn or newsletter.created_at),
        entries=tuple(entries),
    )


def _id(token: str) -> int:
    return ids(Purpose.PREFERENCES, token, at_least=1)[0]


def _back(token: str) -> ResponseReturnValue:
    where = url_for("preferences.show", token=token, done="saved", _anchor="feed")
    return private(redirect(where, code=303))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made
