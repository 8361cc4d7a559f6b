"""Colour, type and logo: tried on, saved, shown on pages and in mails."""

from dataclasses import replace
from datetime import datetime
from io import BytesIO

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.emails.typefaces import Typeface
from service.newsletters import branding
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Logo, Newsletter
from service.operators.models import Role
from tests.factories import LINKS, make_newsletter
from tests.integration.web_admin.browsing import Visitor
from tests.pictures import JPEG, png


@pytest.fixture
def newsletter(sessions: Sessions) -> Newsletter:
    with transaction(sessions) as session:
        return make_newsletter(session, slug="courier")


@pytest.fixture
def editor(visitor: Visitor, sessions: Sessions) -> Visitor:
    visitor.be(sessions, Role.EDITOR)
    return visitor


@pytest.fixture
def path(newsletter: Newsletter) -> str:
    return f"/console/newsletters/{newsletter.id}/branding/"


def upload(editor: Visitor, path: str, content: bytes) -> object:
    return editor.send(f"{path}logo", page=path, logo=(BytesIO(content), "logo.png"))


def test_colour_and_type_are_tried_on_before_they_are_saved(
    editor: Visitor, path: str, newsletter: Newsletter
) -> None:
    tried = editor.open(f"{path}?accent=%23125740&typeface=book").text
    assert "scheme=dark&amp;accent=%23125740&amp;typeface=book" in tried
    assert 'value="#125740"' in tried
    page = editor.open(f"{path}page?accent=%23125740&typeface=book")
    assert "--accent: light-dark(#125740" in page.text
    assert "--display: 'Iowan Old Style'" in page.text
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert "color-scheme: light;" in page.text
    assert "color-scheme: dark;" in editor.open(f"{path}page?scheme=dark").text
    light = editor.open(f"{path}mail?accent=%23125740").text
    assert "#125740" in light
    assert "@media not all" in light
    assert "@media all" in editor.open(f"{path}mail?scheme=dark").text
    assert "#125740" not in editor.client.get("/n/courier").text


def test_colour_and_type_are_saved_and_worn(editor: Visitor, path: str) -> None:
    saved = editor.send(path, page=path, accent="#125740", typeface="humanist")
    assert saved.location == path
    worn = editor.client.get("/n/courier").text
    assert "--accent: light-dark(#125740" in worn
    assert "--serif: Seravek" in worn


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"accent": "#ffee00", "typeface": "book"}, "too light to read on paper"),
        ({"accent": "red", "typeface": "book"}, "# and six digits"),
        ({"accent": "#125740", "typeface": "comic"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_worn_is_refused_in_words(
    editor: Visitor, path: str, fields: dict[str, str], why: str
) -> None:
    answer = editor.send(path, page=path, **fields)
    assert answer.status_code == 422
    assert why in answer.text
    assert 'value="#8a1c1c"' in editor.open(path).text


def test_a_logo_takes_the_place_of_the_name_and_says_it(
    editor: Visitor, path: str, session: Session, newsletter: Newsletter, runtime: Runtime
) -> None:
    upload(editor, path, png(800, 160, see_through=True))
    head = editor.client.get("/n/courier").text.partition("<main")[0]
    assert 'alt="The Courier" width="800" height="160"' in head
    newsletter = session.get_one(Newsletter, newsletter.id)
    assert newsletter.logo is not None
    mail = letterhead(newsletter, locale="en", links=runtime.links)
    assert (mail.logo_width, mail.logo_height, mail.logo_plate) == (280, 56, True)
    assert mail.logo_url == f"{runtime.settings.base_url}/logo/{newsletter.logo.file_name}"
    shown = editor.client.get(f"/logo/{newsletter.logo.file_name}")
    assert shown.data == png(800, 160, see_through=True)
    assert shown.content_type == "image/png"
    assert "immutable" in shown.headers["Cache-Control"]
    assert "sandbox" in shown.headers["Content-Security-Policy"]


def test_a_logo_that_was_replaced_is_still_there_for_the_mails_that_show_it(
    editor: Visitor, path: str, session: Session, newsletter: Newsletter
) -> None:
    upload(editor, path, png())
    newsletter = session.get_one(Newsletter, newsletter.id)
    first = letterhead(newsletter, locale="en", links=LINKS).logo_url
    upload(editor, path, JPEG)
    upload(editor, path, JPEG)
    editor.send(f"{path}logo/remove", page=path)
    session.refresh(newsletter)
    assert letterhead(newsletter, locale="en", links=LINKS).logo_url == ""
    assert editor.client.get(first.removeprefix(LINKS.base_url)).status_code == 200
    assert session.scalar(select(func.count()).select_from(Logo)) == 2
    changes = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert changes == ["newsletter.dressed"] * 3


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"<svg onload=alert(1)>", "Use a PNG or a JPEG"), (bytes(300_000), "at most 256 KB"), (b"", "Choose")],
)
def test_a_file_that_is_no_logo_is_refused_beside_its_field(
    editor: Visitor, path: str, content: bytes, why: str
) -> None:
    answer = editor.send(f"{path}logo", page=path, logo=(BytesIO(content), "logo.svg"))
    assert answer.status_code == 422
    assert why in answer.text


def test_only_editors_may_change_the_look(visitor: Visitor, sessions: Sessions, path: str) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert "Try it on" in visitor.open(path).text
    assert visitor.send(path, page=path, accent="#125740", typeface="book").status_code == 403
    assert visitor.send(f"{path}logo", page=path).status_code == 403


@pytest.mark.parametrize("name", ["x.png", "../secret", f"{'0' * 64}.png", f"{'0' * 64}.svg"])
def test_an_address_without_a_picture_leads_nowhere(visitor: Visitor, name: str) -> None:
    assert visitor.client.get(f"/logo/{name}").status_code == 404


def test_a_picture_is_shown_whole_and_never_larger_than_it_is() -> None:
    logo = Logo(width=800, height=100)
    assert branding.fit(logo, 280, 72) == (280, 35)
    assert branding.fit(Logo(width=100, height=100), 280, 72) == (72, 72)
    assert branding.fit(Logo(width=40, height=20), 280, 72) == (40, 20)


def test_a_typeface_is_part_of_every_letterhead(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    newsletter = session.get_one(Newsletter, newsletter.id)
    branding.dress(
        session, newsletter, accent="#125740", typeface=Typeface.MODERN, actor="operator 1", now=now
    )
    head = letterhead(newsletter, locale="en", links=LINKS)
    assert (head.accent, head.typeface) == ("#125740", Typeface.MODERN)
    assert replace(head, typeface=Typeface.BOOK) != head
