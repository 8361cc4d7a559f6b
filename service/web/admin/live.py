"""Live parts of console pages as server-sent events: the same templates, rendered again when news come in."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Blueprint, Response, abort, current_app, stream_with_context
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from sqlalchemy.orm import Session

from service.bootstrap import Runtime
from service.delivery.throttle import Throttle
from service.operators.models import Role
from service.ops import blasts, delays, monitor, overview, queue, stalls, traffic, way_out
from service.settings import RelayAddress
from service.web.admin import auth, words
from service.web.admin.live_board import Board, Channel, is_serving
from service.web.admin.live_press import Press
from service.web.context import runtime as web_runtime

blueprint = Blueprint("console_live", __name__, url_prefix="/console/live")
auth.protect(blueprint, change=Role.VIEWER)
words.install(blueprint)

#: The browser comes back by itself, and is asked again who it is.
LIFETIME_SECONDS = 300
#: At the latest then something is written: "3 minutes ago" grows, and a browser that left is noticed.
BREATH_SECONDS = 5.0
_EXTENSION = "broadsheet.live"
_PRESS = "broadsheet.live.press"

Read = Callable[[Session, datetime], object]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a page: the element and event of this name, its template, and what fills `view`."""

    name: str
    template: str
    channel: Channel


def _part(name: str, template: str, key: str, read: Read, *, every: float = 1.0) -> Part:
    return Part(name, template, Channel(key, read, every))


def _overview(_key: int) -> list[Part]:
    house = _at(overview.read_house)
    return [
        _part("alarms", "admin/overview_alarms.html", "house", house, every=15.0),
        _part("pulse", "admin/overview_pulse.html", "pulse", _read_pulse(web_runtime().throttle)),
        _part("house", "admin/overview_house.html", "house", house, every=15.0),
    ]


def _relays(_key: int) -> list[Part]:
    home = web_runtime()
    read = _read_way_out(home.throttle, home.settings.relays)
    return [_part("relays", "admin/relays_list.html", "relays", read, every=2.0)]


def _queue(_key: int) -> list[Part]:
    home = web_runtime()
    ways = _read_way_out(home.throttle, home.settings.relays)
    return [
        _part("stalls", "admin/queue_stalls.html", "stalls", _at(stalls.list_stalls), every=5.0),
        _part("now", "admin/queue_now.html", "now", _at(monitor.read_now)),
        _part("mailings", "admin/queue_open.html", "open", _plain(queue.list_open)),
        _part("queues", "admin/queue_queues.html", "queues", _at(monitor.read_queues), every=2.0),
        _part("relays", "admin/relays_list.html", "relays", ways, every=2.0),
        _part("day", "admin/queue_day.html", "day", _at(traffic.read_day), every=15.0),
        _part("map", "admin/queue_map.html", "map", _at(traffic.read_errors), every=15.0),
        _part(
            "processes", "admin/queue_processes.html", "processes", _at(overview.list_processes), every=5.0
        ),
    ]


def _mailing(key: int) -> list[Part]:
    read = _plain(partial(queue.get, mailing_id=key))
    late = _plain(partial(delays.read, mailing_id=key))
    return [
        _part("account", "admin/queue_account.html", f"mailing {key}", read),
        _part("delays", "admin/queue_delays.html", f"delays {key}", late, every=5.0),
    ]


def _blasts(_key: int) -> list[Part]:
    return [
        _part("list", "admin/blasts_list.html", "blasts", _plain(partial(blasts.list_all, archived=False)))
    ]


def _blast(key: int) -> list[Part]:
    read = _plain(partial(blasts.get, blast_id=key))
    return [_part("progress", "admin/blasts_progress.html", f"blast {key}", read)]


PAGES: dict[str, Callable[[int], list[Part]]] = {
    "overview": _overview,
    "relays": _relays,
    "queue": _queue,
    "mailing": _mailing,
    "blasts": _blasts,
    "blast": _blast,
}


@blueprint.record_once
def _make_board(state: BlueprintSetupState) -> None:
    bind(state.app, state.app.extensions["broadsheet"])


def bind(app: App, runtime: Runtime) -> None:
    """Give the live pages of this application their board, which reads where the runtime reads."""
    app.extensions[_EXTENSION] = Board(runtime.sessions)
    app.extensions[_PRESS] = Press(breath=BREATH_SECONDS)


@blueprint.get("/<page>", defaults={"key": 0})
@blueprint.get("/<page>/<int:key>")
def stream(page: str, key: int) -> Response:
    """Send the parts of a page whenever they change, for a few minutes."""
    if page not in PAGES:
        abort(404)
    board: Board = current_app.extensions[_EXTENSION]
    events = _events(board, PAGES[page](key))
    return Response(
        stream_with_context(events),
        content_type="text/event-stream; charset=utf-8",
        # A proxy that buffers would hold every event back.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _events(board: Board, parts: list[Part]) -> Iterator[str]:
    yield "retry: 2000\n\n"
    ends = time.monotonic() + LIFETIME_SECONDS
    shown: dict[str, str] = {}
    press: Press = current_app.extensions[_PRESS]
    with board.watch([part.channel for part in parts]) as watch:
        while time.monotonic() < ends and is_serving():
            answers = watch.next(timeout=BREATH_SECONDS)
            fresh = {
                part.name: press.print(part.template, answers[part.channel.key])
                for part in parts
                if part.channel.key in answers
            }
            news = [event(name, html) for name, html in fresh.items() if shown.get(name) != html]
            shown |= fresh
            yield "".join(news) or ": still here\n\n"


def event(name: str, html: str) -> str:
    """Write one server-sent event; every line of the data is a field of its own."""
    lines = "".join(f"data: {line}\n" for line in html.strip().splitlines())
    return f"event: {name}\n{lines}\n"


def _read_pulse(throttle: Throttle) -> Read:
    def read(session: Session, now: datetime) -> object:
        return overview.read_pulse(session, now=now, limits=throttle.snapshot())

    return read


def _read_way_out(throttle: Throttle, addresses: Sequence[RelayAddress]) -> Read:
    def read(session: Session, now: datetime) -> object:
        return way_out.read(session, addresses=addresses, limits=throttle.snapshot(), now=now)

    return read


def _at(read: Callable[..., object]) -> Read:
    def at(session: Session, now: datetime) -> object:
        return read(session, now=now)

    return at


def _plain(read: Callable[..., object]) -> Read:
    def plain(session: Session, _now: datetime) -> object:
        return read(session)

    return plain
