"""One relay: how it is set up, a live check with every step, and a test mail through it alone."""

import socket

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.delivery import relay_check
from service.delivery.relay_check import Checked
from service.dispatch import TaskName
from service.errors import Conflict
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import relay_trials, way_out
from service.relay_addresses import RelayAddress
from service.web.admin import auth, page, tickets, words
from service.web.context import now, runtime

blueprint = Blueprint("console_relay", __name__, url_prefix="/console/relays/relay")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)


@blueprint.get("")
def relay() -> ResponseReturnValue:
    return _page(_address(request.args.get("relay", "")))


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """Talk to the relay as a sender does, up to the point where a mail would follow."""
    address = _address(request.form.get("relay", ""))
    settings = runtime().settings
    # No transaction is open while the relay talks.
    checked = relay_check.check(address, helo_name=settings.helo_name or socket.getfqdn())
    with transaction(runtime().sessions) as session:
        relay_trials.note_check(
            session, address.label, checked, actor=actor_of(auth.current_operator()), now=now()
        )
    return _page(address, checked=checked)


@blueprint.post("/test")
def send_test() -> ResponseReturnValue:
    """Send the operator a mail through this relay; it is in the ledger like every other."""
    address = _address(request.form.get("relay", ""))
    try:
        with transaction(runtime().sessions) as session:
            relay_trials.send_test(
                session,
                address.label,
                operator=auth.current_operator(),
                nonce=request.form.get("nonce", ""),
                now=now(),
            )
    except Conflict as error:
        page.warn(str(error))
    else:
        runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
        page.say(f"A test to {auth.current_operator().email} is on its way through {address.label}.")
    return redirect(url_for(".relay", relay=address.label))


def _address(label: str) -> RelayAddress:
    addresses = runtime().settings.relays
    way_out.check_known(label, addresses=addresses)
    return next(each for each in addresses if each.label == label)


def _page(address: RelayAddress, *, checked: Checked | None = None) -> str:
    with runtime().sessions() as session:
        view = way_out.read(session, addresses=[address], limits=[], now=now())
        trials = relay_trials.list_trials(session, address.label)
    return render_template(
        "admin/relay.html",
        relay=address,
        health=view.relays[0].health,
        checked=checked,
        trials=trials,
        waits=checked is None and any(trial.is_pending for trial in trials),
        nonce=tickets.new(),
        seconds=int(relay_check.SECONDS),
        helo_name=runtime().settings.helo_name,
    )
