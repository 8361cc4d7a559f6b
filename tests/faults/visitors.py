"""People at the web pages, and a web server that is killed under them (row 5 of the matrix)."""

import re
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from urllib.error import URLError
from urllib.parse import urlencode

from service.tokens import Purpose
from tests.faults.processes import until
from tests.faults.run import Run

#: What a visitor's deed leaves, all of it or nothing: counts that must agree.
_TRACES = {
    "subscribe": (
        "SELECT (SELECT count(*) FROM subscriptions WHERE subscriber_id = p.id),"
        " (SELECT count(*) FROM messages WHERE subscriber_id = p.id AND kind = 'confirm'),"
        # A form that is sent again records its newest choices, so there may be several.
        " (SELECT least(1, count(*)) FROM consent_events c JOIN subscriptions s ON s.id = c.subscription_id"
        "  WHERE s.subscriber_id = p.id AND c.kind = 'requested') FROM subscribers p WHERE p.email = :email"
    ),
    "confirm": (
        "SELECT (SELECT count(*) FROM consent_events c WHERE c.subscription_id = s.id"
        "  AND c.kind = 'confirmed'), CAST(s.state = 'active' AS int)"
        " FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id WHERE p.email = :email"
    ),
    "unsubscribe": (
        "SELECT (SELECT count(*) FROM consent_events c WHERE c.subscription_id = s.id"
        "  AND c.kind = 'unsubscribed'), CAST(s.state = 'unsubscribed' AS int)"
        " FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id WHERE p.email = :email"
    ),
}
#: A statement of every deed waits for this lock.
_HOLD = "LOCK TABLE consent_events IN SHARE MODE"


@dataclass
class Visitor:
    """A browser that keeps its cookies over the deaths of the server."""

    run: Run
    email: str

    def __post_init__(self) -> None:
        self._csrf: dict[str, str] = {}
        # A proxy named in the environment has no business here.
        self._open = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        ).open

    def get(self, path: str) -> str:
        with self._open(self.run.world.web_url + path, timeout=20) as answer:
            return str(answer.read().decode())

    def press(self, path: str, form: dict[str, str]) -> None:
        """Post the form.

        :raises OSError: no answer, or one that is no success.
        """
        # A page that shows no button any more: the one that is still open is pressed again.
        if found := re.search(r'name="csrf_token" value="([^"]+)"', self.get(path)):
            self._csrf = {"csrf_token": found[1]}
        data = form | self._csrf
        with self._open(self.run.world.web_url + path, urlencode(data).encode(), timeout=20) as answer:
            answer.read()

    def traces(self, deed: str) -> list[int]:
        rows = self.run.world.sql(_TRACES[deed], email=self.email)
        return [int(str(each)) for each in rows[0]] if rows else [0]


def web_killed(run: Run) -> None:
    """Kill the web server while somebody subscribes, confirms and leaves; each deed happened or did not.

    Whoever got no answer presses the button again, and then it has happened once.
    """
    run.world.serve()
    run.go()
    visitor = Visitor(run, f"visitor{time.time_ns()}@example.org")
    run.visitors.append(visitor.email)
    slug, newsletter_id, topic = run.world.sql(
        "SELECT n.slug, n.id, t.id FROM newsletters n JOIN topics t ON t.newsletter_id = n.id "
        "ORDER BY n.id, t.id LIMIT 1"
    )[0]
    moment = datetime.now(UTC) - timedelta(seconds=10)
    form = {
        "email": visitor.email,
        "topics": str(topic),
        "rhythm": "weekly",
        "weekday": "5",
        "hour": "7",
        "time_zone": "Europe/Berlin",
        "nonce": run.world.runtime.tokens.make(
            Purpose.FORM, [newsletter_id, int(moment.timestamp())], at=moment
        ),
    }
    _kill_under(run, visitor, "subscribe", f"/n/{slug}", form)
    subscription_id, generation = _subscription(run, visitor)
    until(
        lambda: any(each.recipient == visitor.email for each in run.world.relay.taken(run.since)),
        seconds=30,
        sentence="A visitor got no confirmation.",
    )
    links, base = run.world.runtime.links, run.world.runtime.settings.base_url
    confirm = links.confirm(subscription_id=subscription_id, generation=generation, at=datetime.now(UTC))
    _kill_under(run, visitor, "confirm", confirm.removeprefix(base), {})
    leave = links.unsubscribe(subscription_id=subscription_id).removeprefix(base)
    _kill_under(run, visitor, "unsubscribe", leave, {"List-Unsubscribe": "One-Click"})
    run.world.members["web"].stop()
    run.fault_is_over()


def _kill_under(run: Run, visitor: Visitor, deed: str, path: str, form: dict[str, str]) -> None:
    moment = run.dice.choice([_in_its_transaction, _at_its_commit, _at_random])
    moment(run, visitor, deed, _pressing(lambda: visitor.press(path, form)))
    run.world.members["web"].wait()
    # The database notices that its client is gone when it next has something to tell it.
    until(lambda: not _in_a_transaction(run), seconds=20, sentence="A dead web server holds a transaction.")
    after = visitor.traces(deed)
    assert len(set(after)) == 1, f"{deed}: half of it happened: {after}"
    assert after[0] in {0, 1}, f"{deed}: it happened {after[0]} times"
    run.world.serve()
    visitor.press(path, form)
    again = visitor.traces(deed)
    assert set(again) == {1}, f"{deed}: after a second try: {again}"


def _pressing(press: Callable[[], None]) -> threading.Thread:
    def quietly() -> None:
        try:
            press()
        except (URLError, OSError):
            return  # the server is killed: that is what this is about

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    return thread


def _in_its_transaction(run: Run, visitor: Visitor, deed: str, _thread: threading.Thread) -> None:
    with run.world.runtime.sessions() as session:
        session.connection().exec_driver_sql(_HOLD)
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'consent_events'::regclass"
        until(lambda: run.world.sql(waiting), seconds=20, sentence=f"{deed}: the server asked for nothing.")
        run.world.members["web"].kill()
        session.rollback()
    assert not any(visitor.traces(deed)), f"{deed}: it happened although its transaction was cut off"


def _at_its_commit(run: Run, visitor: Visitor, deed: str, _thread: threading.Thread) -> None:
    until(lambda: any(visitor.traces(deed)), seconds=20, sentence=f"{deed}: nothing happened.", pause=0.0)
    run.world.members["web"].kill()
    assert any(visitor.traces(deed))


def _at_random(run: Run, _visitor: Visitor, _deed: str, thread: threading.Thread) -> None:
    thread.join(run.dice.uniform(0.0, 0.25))
    run.world.members["web"].kill()


def _in_a_transaction(run: Run) -> list[tuple[object, ...]]:
    return run.world.sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = 'broadsheet' AND pid <> pg_backend_pid() "
        "AND state <> 'idle' AND query ILIKE '%consent_events%'"
    )


def _subscription(run: Run, visitor: Visitor) -> tuple[int, int]:
    ((subscription_id, generation),) = run.world.sql(
        "SELECT s.id, s.generation FROM subscriptions s JOIN subscribers p ON p.id = s.subscriber_id "
        "WHERE p.email = :email",
        email=visitor.email,
    )
    return int(str(subscription_id)), int(str(generation))
