"""One's own mail in the browser: what was sent, in a page that can act on nobody."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from service.archive import own_mail
from service.languages import speech
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers.page import ids, page
from service.web.security import private

blueprint = Blueprint("own_mail", __name__)

#: A mail brings its own styles and the publisher's pictures; it runs, sends and frames nothing.
POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src 'self' data: http: https:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/v/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show a mail; whoever holds the link sees its words, and not whose it is."""
    mailing_id, message_id = ids(Purpose.VIEW, token, at_least=2)[:2]
    with runtime().sessions() as session:
        recipe = own_mail.find(session, mailing_id=mailing_id, message_id=message_id)
        if recipe is None:
            return private(page("mail_gone", status=410))
        speech.begin(recipe.locale)
        mail = own_mail.show(session, recipe, links=runtime().links, now=now())
    answer = Response(mail.content.html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    return private(answer)
