"""Every page that readers see, one line each: checked for accessibility, photographed for people.

A new reader route without a line here (or a reason in `NO_PAGE`) fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.test import TestResponse

from service.subscribers.models import SubscriptionState
from tests.looks.world import World

#: Routes of readers that lead to no page of ours.
NO_PAGE = {
    "clicks.follow": "leads on to the article",
    "beacon.allow": "an answer without a body",
    "logos.show": "a picture",
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
    filled |= {"time_zone": "Europe/London", "rendered": world.stamp()}
    return world.post(sign_up(world), **filled | fields)


def _confirm(world: World, *, generation: int = 1) -> str:
    reader = world.pending()
    return world.links.confirm(
        subscription_id=reader.id, generation=reader.generation + generation - 1, at=reader.requested_at
    )


def _preferences(world: World, **values: object) -> str:
    return world.links.preferences(subscription_id=world.reader(**values).id)


def _unsubscribe(world: World) -> str:
    return world.links.unsubscribe(subscription_id=world.reader().id)


def _never(world: World) -> str:
    return world.links.never_again(subscription_id=world.pending().id)


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
    ReaderPage("leave", "leaving.show", lambda world: world.get(_unsubscribe(world))),
    ReaderPage("left", "leaving.leave", lambda world: world.post(_unsubscribe(world))),
    ReaderPage("never", "leaving.show_never", lambda world: world.get(_never(world))),
    ReaderPage("never-done", "leaving.never", lambda world: world.post(_never(world))),
    ReaderPage("error-404", "sign_up.show", lambda world: world.get("/nothing-is-here")),
    ReaderPage("error-400", "sign_up.submit", lambda world: world.post(sign_up(world), csrf_token="forged")),
)
