"""Buttons and stories in a blast: the parts that digests are made of, around an operator's own words."""

from markupsafe import Markup

from service.emails import illustrating, splice, templates
from service.emails.layout import Place, Story
from service.emails.letters import DigestItem, Letterhead
from service.emails.looks import look_of
from service.emails.markdown import Prose
from service.languages import speech


def button(label: str, url: str, head: Letterhead) -> Prose:
    """Print a link as a button; its label may hold placeholders.

    :raises ValueError: the link is no web address.
    """
    html = _render("button", head, label=_escaped(label), url=url)
    return Prose(html=html, text=f"{label}:\n{url}")


def story(item: DigestItem, head: Letterhead) -> Prose:
    """Print an article as a row of a digest, with its picture where it has one.

    :raises ValueError: its link is no web address.
    """
    picture = illustrating.picture_of(item, illustrating.THUMB)
    context = {"story": Story(number=0, place=Place.ROW, item=item, picture=picture), "rule": "ruled"}
    with speech.speaking(head.locale):
        text = templates.render("digest/story.txt", {**_context(head), **context, "number": "", "indent": ""})
    return Prose(html=_render("story", head, **context), text=text.strip("\n"))


def _escaped(label: str) -> Markup:
    return Markup(splice.escape(label))  # noqa: S704  (escaped here; the placeholders in it stay whole)


def _render(name: str, head: Letterhead, **context: object) -> str:
    with speech.speaking(head.locale):
        html = templates.render(f"blast/{name}.html", {**_context(head), **context})
    return "\n".join(line for line in html.split("\n") if line)


def _context(head: Letterhead) -> dict[str, object]:
    return templates.context_of(look_of(head)) | {
        "preferences": splice.placeholder(splice.Slot.PREFERENCES_URL)
    }
