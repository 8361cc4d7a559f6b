"""Which language words are in."""

import pytest
from jinja2 import Environment

from service.languages import catalogs, speech
from service.languages.offered import nearest
from service.languages.words import _ as say
from service.languages.words import install, n_


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de-AT", "de"), ("uk", "uk"), ("ar-EG", "ar"), ("pt-BR", "en"), ("<b>", "en"), ("", "en")],
)
def test_a_tag_leads_to_the_nearest_offered_language(tag: str, language: str) -> None:
    assert nearest(tag) == language


def test_a_block_speaks_its_language_and_gives_the_former_back() -> None:
    speech.begin("en")
    with speech.speaking("de-CH"):
        assert speech.spoken() == "de"
    assert speech.spoken() == "en"


def test_words_without_a_translation_are_said_in_english_with_their_values() -> None:
    with speech.speaking("en"):
        assert say("About %(count)s articles", count=9) == "About 9 articles"
        assert (n_("%(n)s topic", "%(n)s topics", 1), n_("%(n)s topic", "%(n)s topics", 2)) == (
            "1 topic",
            "2 topics",
        )


def test_values_in_a_template_are_escaped() -> None:
    environment = Environment(autoescape=True)
    install(environment)
    html = environment.from_string("{{ _('Hello %(name)s', name=name) }}").render(name="<b>")
    assert html == "Hello &lt;b&gt;"


def test_every_offered_language_has_a_catalogue_that_can_be_read() -> None:
    for path in catalogs.LOCALES.glob("*.po"):
        assert catalogs.catalog(path.stem) is not None
