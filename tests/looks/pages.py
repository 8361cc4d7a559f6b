"""Every page that readers see, one line each: checked for accessibility, photographed for people.

A new reader route without a line here (or a reason in `NO_PAGE`) fails a test.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from werkzeug.test import TestResponse

from service.blasts.models import Blast
from service.db import transaction
from service.subscribers import addresses, moving
from service.subscribers.models import SubscriptionState
from tests.looks.world import World

#: Routes of readers that lead to no page of ours.
NO_PAGE = {
    "clicks.follow": "leads on to the article",
    "beacon.allow": "an answer without a body",
    "logos.show": "a picture",
    "traps.follow": "leads on to the front page",
    "widget.show": "data for the pages of other sites",
    "widget.follow": "leads on to the article",
    "widget.allow": "an answer without a body",
    "archive.drawn": "a picture",
    "archive.latest": "leads on to the newest edition",
    "feeds.editions": "a feed",
    "feeds.topic": "a feed",
    "feeds.popular": "a feed",
    "own_feed.atom": "a feed",
    "own_feed.json": "a feed",
    "robots.robots": "for machines",
    "robots.sitemap_index": "for machines",
    "robots.sitemap": "for machines",
    "embed.script": "a script for the pages of other sites",
    "embed.show": "data for the pages of other sites",
    "sign_up.forecast": "a sentence for the page that asks",
}


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """A page by its name in lists and files, the route that answers, and how a reader comes to it."""

    name: str
    endpoint: str
    visit: Callable[[World], TestResponse]


def sign_up(world: World) -> str:
    return f"/n/{world.newsletter.slug}"


def _signed_up(world: World, **fields: object) -> TestResponse:
    filled = {"topics": str(world.newsletter.topics[0].id), "rhythm": "weekly", "weekday": "5", "hour": "7"}
    filled |= {"time_zone": "Europe/London", "nonce": world.stamp()}
    return world.post(sign_up(world), **filled | fields)


def _confirm(world: World, *, generation: int = 1) -> str:
    reader = world.pending()
    return world.links.confirm(
        subscription_id=reader.id, generation=reader.generation + generation - 1, at=reader.requested_at
    )


def _preferences(world: World, **values: object) -> str:
    return world.links.preferences(subscription_id=world.reader(**values).id)


def _recognition(world: World) -> str:
    return f"{_preferences(world)}/recognition"


def _unsubscribe(world: World) -> str:
    return world.links.unsubscribe(subscription_id=world.reader().id)


def _never(world: World) -> str:
    return world.links.never_again(subscription_id=world.pending().id)


def _manage(world: World) -> str:
    reader = world.reader()
    mark = world.runtime.hash_address.mark(reader.subscriber.email_key)
    return world.links.manage(subscription_id=reader.id, mark=mark, at=datetime.now(UTC))


def _erased(world: World) -> TestResponse:
    manage = _manage(world)
    return world.post(f"{manage}/erase", page=manage, sure="y")


def _change(world: World, link: Callable[..., str]) -> TestResponse:
    moment = datetime.now(UTC)
    with transaction(world.runtime.sessions) as session:
        reader = session.merge(world.reader())
        change = moving.request(session, reader, addresses.parse(f"new{reader.id}@example.org"), now=moment)
        change_id = change.id
    return world.get(link(change_id=change_id, at=moment))


def _after_leaving(world: World) -> TestResponse:
    left = world.post(_unsubscribe(world)).text
    found = re.search(r'"(/back/[^"/]+)', left)
    assert found, "no way back"
    return world.get(found[1])


def _announcement(world: World) -> TestResponse:
    with world.runtime.sessions() as session:
        blast_id = session.scalars(select(Blast.id).filter_by(newsletter_id=world.newsletter.id)).one()
    return world.get(f"{sign_up(world)}/b/{blast_id}")


PAGES = (
    ReaderPage("front", "front.index", lambda world: world.get("/")),
    ReaderPage("sign-up", "sign_up.show", lambda world: world.get(sign_up(world))),
    ReaderPage(
        "sign-up-refused",
        "sign_up.submit",
        lambda world: _signed_up(world, email="ann@", rhythm="", topics=""),
    ),
    ReaderPage("sent", "sign_up.sent", lambda world: _signed_up(world, email="ann@example.org")),
    ReaderPage("confirm", "confirming.show", lambda world: world.get(_confirm(world))),
    ReaderPage("confirmed", "confirming.confirm", lambda world: world.post(_confirm(world))),
    ReaderPage("replaced", "confirming.show", lambda world: world.get(_confirm(world, generation=0))),
    ReaderPage("expired", "confirming.show", lambda world: world.get("/c/WzEsMV0.x")),
    ReaderPage("preferences", "preferences.show", lambda world: world.get(_preferences(world))),
    ReaderPage("recognition", "recognition.show", lambda world: world.get(_recognition(world))),
    ReaderPage(
        "recognised", "recognition.decide", lambda world: world.post(_recognition(world), recognise="yes")
    ),
    ReaderPage(
        "preferences-refused",
        "preferences.save",
        lambda world: world.post(_preferences(world), rhythm="never", time_zone="Mars"),
    ),
    ReaderPage(
        "inactive",
        "preferences.show",
        lambda world: world.get(_preferences(world, state=SubscriptionState.UNSUBSCRIBED)),
    ),
    ReaderPage(
        "recognition",
        "recognition.show",
        lambda world: world.get(f"{_preferences(world)}/recognition"),
    ),
    ReaderPage("leave", "leaving.show", lambda world: world.get(_unsubscribe(world))),
    ReaderPage("left", "leaving.leave", lambda world: world.post(_unsubscribe(world))),
    ReaderPage("left-again", "leaving.show_left", _after_leaving),
    ReaderPage("manage", "managing.show", lambda world: world.get(_manage(world))),
    ReaderPage("erased", "managing.erase", _erased),
    ReaderPage("new-address", "managing.show_new", lambda world: _change(world, world.links.new_address)),
    ReaderPage("old-address", "managing.show_stop", lambda world: _change(world, world.links.old_address)),
    ReaderPage("frame", "frame.show", lambda world: world.get(f"{sign_up(world)}/frame")),
    ReaderPage("never", "never.show", lambda world: world.get(_never(world))),
    ReaderPage("never-done", "never.press", lambda world: world.post(_never(world))),
    ReaderPage(
        "preferences-with-feed",
        "preferences.show",
        lambda world: world.get(_preferences(world, feed_on=True, feed_generation=1)),
    ),
    ReaderPage("archive", "archive.index", lambda world: world.get(f"{sign_up(world)}/archive")),
    ReaderPage("edition", "archive.edition", lambda world: world.get(f"{sign_up(world)}/latest")),
    ReaderPage("announcement", "archive.announcement", _announcement),
    ReaderPage("topic", "shelves.topic", lambda world: world.get(f"{sign_up(world)}/t/topic-0")),
    ReaderPage("popular", "shelves.popular", lambda world: world.get(f"{sign_up(world)}/popular")),
    ReaderPage(
        "mail-gone", "own_mail.show", lambda world: world.get(world.links.view(mailing_id=1, message_id=1))
    ),
    ReaderPage("error-404", "sign_up.show", lambda world: world.get("/nothing-is-here")),
    ReaderPage("error-400", "sign_up.submit", lambda world: world.post(sign_up(world), csrf_token="forged")),
)
