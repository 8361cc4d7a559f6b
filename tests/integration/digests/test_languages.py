"""Digests in the language of each reader: the same stories, other words around them."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery import mime
from service.delivery.ports import Ready
from service.digests import first, foreseeing, planning
from service.prepare.port import Preparer
from service.recipes import composing, reading
from service.recipes.models import Recipe
from service.subscribers.models import Subscription
from service.tokens import AddressHasher
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due, make_world, messages
from tests.mails import content_of, parts_of, text_alone

#: By language: a heading, the reason of a story, the end of the subject, the beginning of the footer.
SAID = {
    "en": ("New in Energy", "You follow Energy", " and 5 more", "You get this because you chose"),
    "de-AT": ("Neu in Energy", "Sie lesen Energy", " und 5 weitere", "Sie erhalten dies, weil Sie"),
    "fr": ("Nouveau\u00a0: Energy", "Vous suivez Energy", " et 5 autres", "Vous recevez ce message"),
    "es": ("Nuevo en Energy", "Usted sigue Energy", " y 5 más", "Recibe este correo porque eligió"),
    "uk": ("Нове в темі «Energy»", "Ви стежите за темою «Energy»", " і ще 5", "Ви отримали цей лист"),
    "ar": ("جديد في Energy", "تتابعون Energy", " و5 مقالات أخرى", "تصلكم هذه الرسالة لأنكم"),
}


def sent(session: Session, sessions: Sessions) -> list[Ready]:
    preparer = Preparer(sessions, links=LINKS, hash_address=AddressHasher(("a key",)))
    return [answer for answer in preparer(messages(session)) if isinstance(answer, Ready)]


def readers_of_every_language(session: Session) -> dict[str, Subscription]:
    newsletter = make_world(session)
    readers = {locale: make_due(session, newsletter, locale=locale) for locale in SAID}
    session.commit()
    return readers


def test_equal_readers_of_different_languages_get_the_same_stories_in_their_words(
    session: Session, sessions: Sessions
) -> None:
    readers = readers_of_every_language(session)
    planning.plan_due(sessions, links=LINKS, now=NOW)

    assert len({str(articles_of(session, reader)) for reader in readers.values()}) == 1
    recipes = {recipe.locale: recipe for recipe in session.scalars(select(Recipe))}
    assert recipes.keys() == SAID.keys()
    for locale, (heading, reason, subject, _) in SAID.items():
        sections = reading.sections(session, recipes[locale])
        assert heading in [section["heading"] for section in sections]
        assert reason in [entry["reason"] for section in sections for entry in section["items"]]
        assert recipes[locale].subject.endswith(subject)


def test_every_mail_is_in_one_language_from_its_date_to_its_footer(
    session: Session, sessions: Sessions
) -> None:
    readers_of_every_language(session)
    planning.plan_due(sessions, links=LINKS, now=NOW)

    for (locale, words), answer in zip(SAID.items(), sent(session, sessions), strict=True):
        content = content_of(answer.mail)
        assert f'lang="{locale}"' in content.html
        assert ('dir="rtl"' in content.html) is (locale == "ar")
        assert words[3] in content.text
        assert words[3] in content.html
        assert ("24 November 2026" in content.html) is (locale == "en")
        # The stories are in English, whoever reads them.
        assert ('<span lang="en" dir="auto">Headline' in content.html) is (locale != "en")


def test_a_language_that_we_do_not_speak_gets_english(session: Session, sessions: Sessions) -> None:
    make_due(session, make_world(session), locale="pt-BR")
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    [answer] = sent(session, sessions)
    assert SAID["en"][3] in content_of(answer.mail).html
    assert 'lang="en"' in content_of(answer.mail).html


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_a_reader_who_wants_no_html_gets_the_same_text_alone(
    session: Session, sessions: Sessions, locale: str
) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter, locale=locale)
    make_due(session, newsletter, locale=locale, plain_text=True)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    whole, plain = sent(session, sessions)
    raw = mime.build(plain.mail, message_id="one").raw
    text, html = parts_of(whole.mail.body)
    for answer in (whole, plain):
        assert answer.mail.unsubscribe_url is not None
    assert plain.mail.unsubscribe_url in text_alone(raw)
    assert len(text_alone(raw).splitlines()) == len(text.splitlines())
    assert b"<html" not in raw
    assert "<html" in html


def test_a_first_digest_greets_in_the_language_of_its_reader(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter, first_digest_pending=True, locale="de")
    session.commit()
    first.plan_first(sessions, links=LINKS, now=NOW)

    [recipe] = session.scalars(select(Recipe))
    assert recipe.locale == "de"
    assert "Neu in " in composing.whole(session, recipe).html


def test_what_is_foreseen_is_in_the_language_of_its_reader(session: Session) -> None:
    reader = make_due(session, make_world(session), locale="uk")

    seen = foreseeing.foresee(session, reader, links=LINKS, now=NOW)

    assert seen.content is not None
    assert SAID["uk"][3] in seen.content.text
    assert SAID["uk"][1] in {item.reason for item in seen.items}
