"""What every reader page is made with: the newsletter's face, the reader behind a link, the visitor."""

from dataclasses import dataclass

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session

from service.emails.colours import Accent
from service.emails.typefaces import FACES, Faces, Typeface
from service.errors import BadToken, NotFound
from service.languages import speech
from service.languages.words import _
from service.newsletters import queries
from service.newsletters.models import Newsletter
from service.subscribers.consent import Circumstances
from service.tokens import Purpose
from service.web.context import now, runtime, visitor_ip
from service.web.row_ids import LARGEST


@dataclass(frozen=True, slots=True)
class Look:
    """What a page is printed in."""

    accent: Accent
    faces: Faces

    @classmethod
    def of(cls, accent: str, typeface: Typeface) -> "Look":
        return cls(Accent.of(accent), FACES[typeface])


def page(
    template: str,
    *,
    newsletter: Newsletter | None = None,
    status: int = 200,
    look: Look | None = None,
    **values: object,
) -> Response:
    """Render a reader page in the newsletter's look, or in one that is being tried on."""
    if look is None and newsletter is not None:
        look = Look.of(newsletter.accent, newsletter.typeface)
    settings = runtime().settings
    body = render_template(
        f"readers/{template}.html",
        newsletter=newsletter,
        look=look,
        inbox_url=settings.inbox_url if settings.smtp_is_inbox else None,
        **values,
    )
    return make_response(body, status)


def ids(purpose: Purpose, token: str, *, at_least: int) -> list[int]:
    """Read the ids that a link carries.

    :raises BadToken: forged, cut, expired (as ExpiredToken), or made for another purpose.
    """
    payload: list[int] = runtime().tokens.read(purpose, token, now=now())
    if len(payload) < at_least or not all(type(part) is int and part <= LARGEST for part in payload):
        raise BadToken(_("This link is not complete, or was changed on its way."))
    return payload


def get_newsletter(session: Session, slug: str) -> Newsletter:
    """Return an open newsletter.

    :raises NotFound: there is none under this name, or it takes no readers any more.
    """
    newsletter = queries.find_by_slug(session, slug)
    if newsletter is None:
        raise NotFound(
            _("There is no such newsletter here. It may have closed, or the address is incomplete.")
        )
    speech.begin(newsletter.locale)
    return newsletter


def circumstances(channel: str, *, wording: str | None = None, form_url: str | None = None) -> Circumstances:
    """Describe this request for the consent log; a token in the address is left out.

    `form_url` is where the form stood, if that is not our page.
    """
    return Circumstances(
        channel=channel,
        form_url=form_url or f"{runtime().settings.base_url}{_path_without_token()}",
        wording=wording,
        ip=visitor_ip(),
        user_agent=request.user_agent.string or None,
    )


def _path_without_token() -> str:
    rule = request.url_rule
    return rule.rule if rule is not None and "<token>" in rule.rule else request.path
