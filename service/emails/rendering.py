"""Turns a letter into subject, text and HTML by the three templates of its folder."""

from service.emails import assembly, templates
from service.emails.inlining import inline
from service.emails.letters import DigestLetter, EmailContent, Letter
from service.emails.sanitising import header_text
from service.languages import speech


def render(letter: Letter) -> EmailContent:
    """Render a letter in the language of its letterhead; the same letter always gives the same bytes."""
    if isinstance(letter, DigestLetter):
        return assembly.assemble(letter).whole()
    head = letter.letterhead
    context = {
        "letter": letter,
        "head": head,
        **templates.context_of(locale=head.locale, accent=head.accent),
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
