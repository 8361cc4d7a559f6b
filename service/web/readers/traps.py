"""The link of a mail that no person sees. Whoever follows it gets a page like anybody else."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.popularity import traps
from service.subscribers.addresses import network_of
from service.tokens import Purpose
from service.web.context import now, runtime, visitor_ip
from service.web.readers.page import ids
from service.web.security import private

blueprint = Blueprint("traps", __name__)


@blueprint.get("/h/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Remember the visitor, and lead to the front page."""
    mailing_id = ids(Purpose.TRAP, token, at_least=1)[0]
    with transaction(runtime().sessions) as session:
        traps.spring(
            session,
            mailing_id=mailing_id,
            ip=visitor_ip(),
            network=network_of(visitor_ip()),
            user_agent=request.user_agent.string,
            now=now(),
        )
    return private(redirect("/", code=302))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made
