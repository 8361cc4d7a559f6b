"""Trying a blast before anybody gets it: what is typed as a mail, and its links asked."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service import audit
from service.blasts import checks, composition, content, drafts, emails, link_checks
from service.blasts.blocks import tidied
from service.blasts.content import Content
from service.blasts.models import Blast
from service.bootstrap import fetcher
from service.db import transaction
from service.emails import merging, rendering
from service.emails.splice import splice
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.recipes.composing import reader_values
from service.web.admin import auth, blast_editor, framed, words
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_checks", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, look=Role.EDITOR, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/typed")
def nothing_typed() -> ResponseReturnValue:
    """Stand in the frame until somebody asks for the preview."""
    return framed.mail(render_template("admin/blasts_typed.html", problem=""))


@blueprint.post("/typed/<int:newsletter_id>")
def typed(newsletter_id: int) -> ResponseReturnValue:
    """Show what is being typed as a mail; keeps nothing."""
    with runtime().sessions() as session:
        newsletter = newsletters.get(session, newsletter_id)
        blocks = blast_editor.typed()
        try:
            said = Content(
                newsletter,
                subject=request.form.get("subject", "")[: drafts.SUBJECT_LENGTH] or "(no subject yet)",
                preheader=request.form.get("preheader", "")[: drafts.PREHEADER_LENGTH],
                markdown=request.form.get("body_markdown", "")[: drafts.BODY_LENGTH],
                blocks=tidied(blocks),
                stories=content.stories_of(session, newsletter, blocks),
            )
            composition.check_length(said.markdown, said.blocks)
            merge = said.composed(links=runtime().links).merge
            letter = said.letter(subject=said.subject, locale=newsletter.locale, links=runtime().links)
        except InvalidInput as error:
            return framed.mail(render_template("admin/blasts_typed.html", problem=str(error)))
        sample = reader_values(emails.sample_links(newsletter, links=runtime().links))
    return framed.mail(splice(rendering.render(letter), sample, merging.values_of(merge, {})).html)


@blueprint.post("/<int:blast_id>/links")
def ask_links(blast_id: int) -> ResponseReturnValue:
    """Ask every link and picture, and show what answered."""
    with runtime().sessions() as session:
        blast = session.get(Blast, blast_id)
        if blast is None:
            raise NotFound("There is no such blast.")
        subject, links = blast.subject, checks.check(session, blast, links=runtime().links).links
    # No transaction is open while servers are asked.
    answers = link_checks.check([link.url for link in links], fetcher=fetcher(runtime()))
    with transaction(runtime().sessions) as session:
        audit.record(
            session,
            actor=actor_of(auth.current_operator()),
            action="blast.links_asked",
            subject=f"blast {blast_id}",
            now=now(),
            after={"asked": len(answers), "problems": sum(bool(each.problem) for each in answers)},
        )
    return render_template(
        "admin/blasts_links.html",
        blast_id=blast_id,
        subject=subject,
        answers=answers,
        labels={link.url: link.label for link in reversed(links)},
        left_out=len(links) - len(answers),
    )
