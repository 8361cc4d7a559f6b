"""Turns a letter into subject, text and HTML by the three templates of its folder."""

from dataclasses import replace

from service.emails import assembly, splice, templates
from service.emails.inlining import inline
from service.emails.letters import DigestLetter, EmailContent, Letter
from service.emails.looks import look_of
from service.emails.sanitising import header_text
from service.emails.splice import Slot
from service.languages import speech


def render(letter: Letter) -> EmailContent:
    """Render a letter in the language of its letterhead; the same letter always gives the same bytes."""
    if isinstance(letter, DigestLetter):
        content = assembly.assemble(letter).whole()
        # Stories are rendered for any reader; this letter has one already.
        own_page = {Slot.PREFERENCES_URL.value: splice.escape(letter.links.preferences_url)}
        return replace(content, html=splice.fill(content.html, own_page))
    head = letter.letterhead
    context = {
        "letter": letter,
        "head": head,
        **templates.context_of(look_of(head)),
    }
    with speech.speaking(head.locale):
        subject = templates.render(f"{letter.template}/subject.txt", context)
        text = templates.render(f"{letter.template}/body.txt", context)
        html = templates.render(f"{letter.template}/body.html", context)
    return EmailContent(
        subject=header_text(subject),
        text=text.strip("\n") + "\n",
        html=inline(html),
    )
