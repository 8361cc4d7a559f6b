"""How a newsletter looks: colour, type and logo, shown on a page and in a mail before anything is saved."""

from dataclasses import replace

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.emails import rendering
from service.emails.typefaces import FACES, Typeface
from service.errors import InvalidInput
from service.newsletters import branding, checks, queries
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, framed, page, specimen
from service.web.admin.branding_forms import BrandingForm, LogoForm
from service.web.context import now, runtime
from service.web.readers import page as readers
from service.web.readers.page import Look

#: In a frame a mail is asked to be in a scheme that the operator's own machine may not be in.
DARK, EVER, NEVER = "@media (prefers-color-scheme: dark)", "@media all", "@media not all"

blueprint = Blueprint(
    "console_branding", __name__, url_prefix="/console/newsletters/<int:newsletter_id>/branding"
)
auth.protect(blueprint, change=Role.EDITOR)


@blueprint.get("/")
def index(newsletter_id: int) -> ResponseReturnValue:
    """Show the form; colour and type in the address are tried on without being saved."""
    newsletter = _newsletter(newsletter_id)
    form = BrandingForm(formdata=None, obj=newsletter)
    accent, typeface = _tried(newsletter)
    form.accent.data, form.typeface.data = accent, typeface.value
    return _form_page(newsletter, form, LogoForm(formdata=None))


@blueprint.post("/")
def save(newsletter_id: int) -> ResponseReturnValue:
    form = BrandingForm()
    with transaction(runtime().sessions) as session:
        newsletter = queries.get(session, newsletter_id)
        if form.validate():
            branding.dress(
                session,
                newsletter,
                accent=form.accent.data or "",
                typeface=Typeface(form.typeface.data),
                actor=_actor(),
                now=now(),
            )
    if form.errors:
        return _form_page(newsletter, form, LogoForm(formdata=None)), 422
    page.say("Saved. Pages show it at once, mails from the next one that is made.")
    return redirect(url_for(".index", newsletter_id=newsletter_id))


@blueprint.post("/logo")
def set_logo(newsletter_id: int) -> ResponseReturnValue:
    form = LogoForm()
    upload = form.logo.data
    try:
        with transaction(runtime().sessions) as session:
            newsletter = queries.get(session, newsletter_id)
            content = upload.read() if upload else b""
            branding.set_logo(session, newsletter, content, actor=_actor(), now=now())
    except InvalidInput as error:
        form.complain(error, default="logo")
        newsletter = _newsletter(newsletter_id)
        return _form_page(newsletter, BrandingForm(formdata=None, obj=newsletter), form), 422
    page.say("The logo is in its place.")
    return redirect(url_for(".index", newsletter_id=newsletter_id))


@blueprint.post("/logo/remove")
def remove_logo(newsletter_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        branding.remove_logo(session, queries.get(session, newsletter_id), actor=_actor(), now=now())
    page.say("The name is printed again.")
    return redirect(url_for(".index", newsletter_id=newsletter_id))


@blueprint.get("/page")
def page_specimen(newsletter_id: int) -> ResponseReturnValue:
    """A reader page in the colour and type that the address names, for a frame."""
    newsletter = _newsletter(newsletter_id)
    accent, typeface = _tried(newsletter)
    look = Look.of(accent, typeface)
    return framed.page(readers.page("specimen", newsletter=newsletter, look=look, scheme=_scheme()))


@blueprint.get("/mail")
def mail_specimen(newsletter_id: int) -> Response:
    """A mail in them, as the mails themselves are made."""
    newsletter = _newsletter(newsletter_id)
    accent, typeface = _tried(newsletter)
    links = runtime().links
    head = replace(
        letterhead(newsletter, locale=newsletter.locale, links=links), accent=accent, typeface=typeface
    )
    letter = specimen.digest(head, page_url=links.newsletter(newsletter.slug), today=now().date())
    return framed.mail(rendering.render(letter).html.replace(DARK, EVER if _scheme() == "dark" else NEVER))


def _scheme() -> str:
    return "dark" if request.args.get("scheme") == "dark" else "light"


def _tried(newsletter: Newsletter) -> tuple[str, Typeface]:
    """Return what the address names, where it can be used, else what is saved."""
    typeface = newsletter.typeface
    if (asked := request.args.get("typeface", "")) in set(Typeface):
        typeface = Typeface(asked)
    try:
        return checks.accent(request.args.get("accent", "")), typeface
    except InvalidInput:
        return newsletter.accent, typeface


def _newsletter(newsletter_id: int) -> Newsletter:
    with runtime().sessions() as session:
        return queries.get(session, newsletter_id)


def _actor() -> str:
    return actor_of(auth.current_operator())


def _form_page(newsletter: Newsletter, form: BrandingForm, logo_form: LogoForm) -> str:
    accent, typeface = _tried(newsletter)
    return render_template(
        "admin/branding.html",
        form=form,
        logo_form=logo_form,
        newsletter=newsletter,
        logo_url=runtime().links.logo(newsletter.logo.file_name) if newsletter.logo else None,
        faces={face.value: FACES[face] for face in Typeface},
        tried={"accent": accent, "typeface": typeface.value},
    )
