"""Before sending: any reader's next digest with its reasons, and a dry run of a newsletter's next edition."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.digests import foreseeing, rehearsal
from service.digests.foreseeing import Foreseen
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Rhythm
from service.operators.models import Role
from service.subscribers.choices import RHYTHMS
from service.web.admin import auth, framed, words
from service.web.context import now, runtime

blueprint = Blueprint("console_foreseen", __name__, url_prefix="/console/next")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

#: A page looks at so many readers, spread over all, or as many as so many seconds suffice for;
#: `broadsheet digest rehearse` looks at everybody.
MOST, PATIENCE = 300, 0.1


@blueprint.get("/")
def reader() -> ResponseReturnValue:
    """Show a reader's next digests; without a name in the field, only the field."""
    asked, seen, problem = request.args.get("reader", "").strip(), list[Foreseen](), ""
    with runtime().sessions() as session:
        if asked:
            try:
                seen = _foresee(session, asked)
            except (InvalidInput, NotFound) as error:
                problem = str(error)
    return render_template(
        "admin/foreseen.html",
        asked=asked,
        seen=seen,
        previews={each.subscription_id: _preview(each) for each in seen if each.content},
        problem=problem,
        rhythms=RHYTHMS,
    ), 422 if problem else 200


def _preview(seen: Foreseen) -> framed.Preview | None:
    """Show it by the number of its reader: an address does not belong into more addresses of pages."""
    if seen.content is None:
        return None
    number = seen.subscription_id
    return framed.preview(
        seen.content,
        page=".reader",
        frame=".mail",
        anchor=f"preview-{number}",
        reader=number,
        subscription_id=number,
    )


@blueprint.get("/<int:subscription_id>/mail")
def mail(subscription_id: int) -> ResponseReturnValue:
    """The HTML part by itself, for the frame."""
    with runtime().sessions() as session:
        [seen] = _foresee(session, str(subscription_id))
    if seen.content is None:
        raise NotFound("This reader gets no digest at the next slot.")
    return framed.mail(seen.content.html)


@blueprint.get("/edition")
def edition() -> ResponseReturnValue:
    """Show the dry run of an edition."""
    with runtime().sessions() as session:
        offered = newsletters.list_open(session)
        if not offered:
            return render_template("admin/rehearsal.html", offered=offered, seen=None, rhythms=RHYTHMS)
        chosen = request.args.get("newsletter", type=int) or offered[0].id
        newsletter = newsletters.get(session, chosen)
        rhythm = _rhythm(request.args.get("rhythm", ""))
        seen = rehearsal.rehearse(session, newsletter, rhythm=rhythm, now=now(), most=MOST, seconds=PATIENCE)
    return render_template(
        "admin/rehearsal.html", offered=offered, seen=seen, rhythms=RHYTHMS, chosen=chosen, rhythm=rhythm
    )


def _foresee(session: Session, asked: str) -> list[Foreseen]:
    return [
        foreseeing.foresee(session, subscription, links=runtime().links, now=now())
        for subscription in foreseeing.find(session, asked)
    ]


def _rhythm(word: str) -> Rhythm:
    return next((rhythm for rhythm in RHYTHMS if rhythm.value == word), Rhythm.WEEKLY)
