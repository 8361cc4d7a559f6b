"""“Put the form on your site”: what to copy, for each way of embedding the form, and how it looks."""

from html import escape

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.newsletters import queries
from service.newsletters.models import Newsletter, Topic
from service.operators.models import Role
from service.web.admin import auth
from service.web.context import runtime

blueprint = Blueprint(
    "console_signup_forms", __name__, url_prefix="/console/newsletters/<int:newsletter_id>/form"
)
auth.protect(blueprint, change=Role.EDITOR)

#: Room that is kept before the form is there, so that nothing below it moves: lines wrap on narrow screens.
HEIGHT = "clamp(24rem, 46rem - 45vw, 35rem)"


@blueprint.get("/")
def index(newsletter_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = queries.get(session, newsletter_id)
        asked = request.args.get("topic", type=int)
        topic = next((each for each in newsletter.open_topics if each.id == asked), None)
    return render_template(
        "admin/signup_form.html",
        newsletter=newsletter,
        topic=topic,
        script=_script(newsletter, topic),
        frame=_frame(newsletter, topic),
        plain=_plain(newsletter, topic),
        sign_up=runtime().links.newsletter(newsletter.slug),
        host=runtime().settings.base_url,
    )


def _script(newsletter: Newsletter, topic: Topic | None) -> str:
    base = escape(runtime().settings.base_url)
    chosen = f' topic="{escape(topic.slug)}"' if topic else ""
    return (
        f'<broadsheet-form newsletter="{escape(newsletter.slug)}"{chosen} '
        f'style="display: block; min-height: {HEIGHT}">\n'
        f"{_indented(_plain(newsletter, topic))}\n"
        "</broadsheet-form>\n"
        f'<script async src="{base}/embed.js"></script>'
    )


def _plain(newsletter: Newsletter, topic: Topic | None) -> str:
    base = escape(runtime().settings.base_url)
    chosen = f'\n  <input type="hidden" name="topic" value="{escape(topic.slug)}">' if topic else ""
    return (
        f'<form method="post" action="{base}/n/{escape(newsletter.slug)}/start">{chosen}\n'
        '  <label>E-mail address <input type="email" name="email" autocomplete="email" required></label>\n'
        "  <button>Sign up</button>\n"
        "</form>"
    )


def _frame(newsletter: Newsletter, topic: Topic | None) -> str:
    base = escape(runtime().settings.base_url)
    chosen = f"?topic={escape(topic.slug)}" if topic else ""
    title = escape(f"Sign up for {newsletter.name}")
    return (
        f'<iframe src="{base}/n/{escape(newsletter.slug)}/frame{chosen}" title="{title}" '
        f'loading="lazy" style="width: 100%; height: {HEIGHT}; border: 0"></iframe>'
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
