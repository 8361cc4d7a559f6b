"""Every sentence that readers see exists in every language, with all its values and plural forms."""

import re

import pytest
from babel.messages.catalog import Catalog, Message

from tests.words.gathering import LANGUAGES, forms, gather, messages, translations

_VALUE = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?\w+")
#: What counts; a form for one, or for two, may say it in a word.
_NUMBERS = {"n", "num", "count"}


@pytest.fixture(scope="module")
def marked() -> dict[tuple[str, str], Message]:
    return messages(gather())


@pytest.fixture(scope="module", params=LANGUAGES)
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return translations(request.param)


def test_every_sentence_is_translated_and_no_other(
    catalog: Catalog, marked: dict[tuple[str, str], Message]
) -> None:
    translated = {key for key, each in messages(catalog).items() if all(forms(each))}
    assert marked.keys() - translated == set(), "run `make words` and translate these"
    assert messages(catalog).keys() - marked.keys() == set(), "run `make words`: nothing says these any more"


def test_nothing_is_left_as_a_guess(catalog: Catalog) -> None:
    assert [each.id for each in catalog if each.id and each.fuzzy] == []
    assert catalog.obsolete == {}


def test_every_plural_has_as_many_forms_as_the_language(catalog: Catalog) -> None:
    wrong = [
        each.id
        for each in messages(catalog).values()
        if len(forms(each)) != (catalog.num_plurals if each.pluralizable else 1)
    ]
    assert wrong == []


def test_every_translation_holds_the_values_and_the_markup_of_its_sentence(catalog: Catalog) -> None:
    wrong = []
    for message in messages(catalog).values():
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for said in forms(message):
            missing = set(_VALUE.findall(source)) ^ set(_VALUE.findall(said))
            if message.pluralizable:
                missing -= _NUMBERS
            if missing or sorted(_TAG.findall(source)) != sorted(_TAG.findall(said)):
                wrong.append((message.id, said))
    assert wrong == []


def test_every_sentence_can_be_said(catalog: Catalog) -> None:
    for message in messages(catalog).values():
        for said in forms(message):
            assert said % dict.fromkeys(_VALUE.findall(said), "x")
            assert said == said.strip(), said


def test_every_language_of_many_plurals_says_them(catalog: Catalog) -> None:
    assert catalog.num_plurals == {"ar": 6, "uk": 3}.get(str(catalog.locale), 2)
