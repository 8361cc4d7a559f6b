"""Single messages: lists by state and reason, one message's story, and what to do with an unknown one."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.delivery.models import PENDING, MessageState, Stream
from service.dispatch import TaskName
from service.errors import NotFound
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import control, flow, messages, queue, told
from service.ops.messages import Filter
from service.web.admin import auth, page, words
from service.web.context import now, runtime

blueprint = Blueprint("console_messages", __name__, url_prefix="/console/queue/messages")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@dataclass(frozen=True, slots=True)
class Group:
    """One choice of the filter, as the accounts and the overview count it."""

    label: str
    states: frozenset[MessageState]
    undecided: bool = False


GROUPS = {
    "all": Group("All", frozenset(MessageState)),
    "pending": Group("Pending", PENDING),
    "queued": Group("Queued", frozenset({MessageState.PLANNED, MessageState.HELD})),
    "sending": Group("Being sent", frozenset({MessageState.CLAIMED, MessageState.SENDING})),
    "deferred": Group("To be tried again", frozenset({MessageState.DEFERRED})),
    "sent": Group("Sent", frozenset({MessageState.SENT})),
    "skipped": Group("Skipped", frozenset({MessageState.SKIPPED, MessageState.CANCELLED})),
    "failed": Group("Failed", frozenset({MessageState.FAILED, MessageState.EXPIRED})),
    "unknown": Group("Unknown", frozenset({MessageState.UNKNOWN})),
    "undecided": Group("Unknown, undecided", frozenset({MessageState.UNKNOWN}), undecided=True),
}
#: Periods that the overview counts.
PERIODS = {"hour": "in the last hour", "day": "in the last 24 hours", "today": "today (UTC)"}


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List messages of one mailing or of all; every number of the console leads here."""
    name = request.args.get("state", "all")
    group = GROUPS.get(name)
    if group is None:
        raise NotFound("There is no such state; choose one from the list.")
    period = request.args.get("period", "")
    wanted = Filter(
        states=group.states,
        mailing_id=request.args.get("mailing", type=int),
        reason=request.args.get("reason"),
        since=_since(period),
        recipe_id=request.args.get("recipe", type=int),
        undecided=group.undecided,
        stream=_stream(request.args.get("stream", "")),
        domain=request.args.get("domain", "").strip().lower() or None,
        relay=request.args.get("relay") or None,
    )
    with runtime().sessions() as session:
        line = queue.get(session, wanted.mailing_id) if wanted.mailing_id is not None else None
        found = messages.list_page(session, wanted, before=_key(request.args.get("before", "")))
    return render_template(
        "admin/queue_messages.html",
        line=line,
        found=found,
        wanted=wanted,
        chosen=name,
        groups=GROUPS,
        period=PERIODS.get(period, ""),
        following=_following(found),
    )


@blueprint.get("/<int:mailing_id>/<int:message_id>")
def message(mailing_id: int, message_id: int) -> ResponseReturnValue:
    return _page(mailing_id, message_id, address=None)


@blueprint.post("/<int:mailing_id>/<int:message_id>/address")
def show_address(mailing_id: int, message_id: int) -> ResponseReturnValue:
    """Show the whole address once; the audit log says who looked."""
    with transaction(runtime().sessions) as session:
        address = control.show_address(
            session, mailing_id, message_id, actor=actor_of(auth.current_operator()), now=now()
        )
    return _page(mailing_id, message_id, address=address)


@blueprint.post("/<int:mailing_id>/<int:message_id>/send-again")
def send_again(mailing_id: int, message_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        control.send_again(
            session, mailing_id, message_id, actor=actor_of(auth.current_operator()), now=now()
        )
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    page.say("It is planned once more and goes out in a moment.")
    return redirect(url_for(".message", mailing_id=mailing_id, message_id=message_id))


@blueprint.post("/<int:mailing_id>/<int:message_id>/leave")
def leave(mailing_id: int, message_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        control.leave(session, mailing_id, message_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("Left as it is: it is not sent again, and stays counted as unknown.")
    return redirect(url_for(".message", mailing_id=mailing_id, message_id=message_id))


def _page(mailing_id: int, message_id: int, *, address: str | None) -> str:
    with runtime().sessions() as session:
        story = messages.get(session, mailing_id, message_id)
        line = queue.get(session, mailing_id)
        behind = told.read(session, mailing_id, message_id)
    return render_template(
        "admin/queue_message.html",
        story=story,
        told=behind,
        line=line,
        address=address,
        phases=words.PHASES,
        kinds=words.KINDS,
    )


def _since(period: str) -> datetime | None:
    starts = {"hour": flow.hour_start, "day": flow.day_start, "today": flow.midnight}
    return starts[period](now()) if period in starts else None


def _stream(text: str) -> Stream | None:
    return Stream(text) if text in set(Stream) else None


def _key(text: str) -> messages.Key | None:
    mailing_id, _, message_id = text.partition("-")
    return (int(mailing_id), int(message_id)) if mailing_id.isdecimal() and message_id.isdecimal() else None


def _following(found: messages.Page) -> str | None:
    """The address of the next page: the same filter, further down."""
    if found.next is None:
        return None
    chosen = {name: value for name, value in request.args.items() if name != "before"}
    return url_for(".index", **chosen, before="{}-{}".format(*found.next))  # type: ignore[arg-type]  # Flask types its values one by one
