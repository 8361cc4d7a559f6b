"""The report of one mailing: beside the ten before, by link, by topic, and on the mail itself."""

from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from service.errors import BadToken, NotFound
from service.operators.models import Role
from service.ops import preview, queue
from service.reports import links, results
from service.reports.links import Place
from service.reports.results import Measure
from service.tokens import Purpose
from service.web.admin import auth, csv_file, framed, words
from service.web.admin.framed import Look
from service.web.context import now, runtime

blueprint = Blueprint("console_mailing_report", __name__, url_prefix="/console/reports")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

#: The numbers stand on the mail as it is; dark or without images nothing more is to be seen of them.
_LOOKS = {look: framed.LABELS[look] for look in (Look.DESK, Look.PHONE)}
#: Links in the table; the file has all.
SHOWN = 50


@blueprint.get("/<int:mailing_id>")
def show(mailing_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        result = results.get(session, mailing_id)
        usual = results.usual(session, result)
        line = queue.get(session, mailing_id)
        followed = links.of_mailing(session, mailing_id, limit=SHOWN + 1)
        topics = links.topics_of_mailing(session, mailing_id)
        recipe_id = links.recipe_to_show(session, mailing_id, links.places(session, mailing_id))
    return render_template(
        "admin/mailing_report.html",
        result=result,
        usual=usual,
        line=line,
        followed=followed[:SHOWN],
        more=len(followed) > SHOWN,
        topics=topics,
        recipe_id=recipe_id,
        look=framed.look(),
        looks=_LOOKS,
        Measure=Measure,
    )


@blueprint.get("/<int:mailing_id>/map")
def mail_map(mailing_id: int) -> ResponseReturnValue:
    """The mail with the number of people behind each link, for the frame."""
    with runtime().sessions() as session:
        followed = links.places(session, mailing_id)
        recipe_id = request.args.get("recipe", type=int) or links.recipe_to_show(
            session, mailing_id, followed
        )
        if recipe_id is None:
            raise NotFound("No mail of this mailing is kept any more.")
        content = preview.of_recipe(session, recipe_id, mailing_id=mailing_id, links=runtime().links)
    return framed.mail(links.annotate(content.html, followed, place_of=_place_of))


@blueprint.get("/<int:mailing_id>/links.csv")
def links_file(mailing_id: int) -> Response:
    """Every link that was followed, as a file."""
    with runtime().sessions() as session:
        results.get(session, mailing_id)
    head = ("article", "title", "place", "variant", "clicks", "repeats", "filtered")
    return csv_file.download(f"links-{mailing_id}.csv", head, _rows(mailing_id))


def _rows(mailing_id: int) -> Iterator[tuple[object, ...]]:
    with runtime().sessions() as session:
        for each in links.of_mailing(session, mailing_id, limit=100_000):
            yield (
                each.article_id,
                each.title,
                each.slot,
                each.variant,
                each.people,
                each.repeats,
                each.machines,
            )


def _place_of(token: str) -> Place | None:
    """Read which place a link of ours names; a stranger's names none."""
    try:
        payload = runtime().tokens.read(Purpose.CLICK, token, now=now())
    except BadToken:
        return None
    return (int(payload[1]), int(payload[2])) if len(payload) >= 3 else None
