"""The hash by which equal recipes are one row."""

from dataclasses import replace

import pytest

from service.recipes.content import Draft
from service.recipes.models import RecipeKind

DRAFT = Draft(
    kind=RecipeKind.DIGEST,
    newsletter_id=1,
    mailing_id=2,
    subject="Tide",
    locale="en",
    content={"first": False, "sections": [{"key": "new", "items": [1, 2]}]},
    article_ids=(1, 2),
)


def test_equal_drafts_have_one_hash_whatever_the_order_of_keys() -> None:
    turned = replace(DRAFT, content=dict(reversed(DRAFT.content.items())))

    assert turned.content_hash == DRAFT.content_hash


@pytest.mark.parametrize(
    "change",
    [
        {"kind": RecipeKind.BLAST},
        {"newsletter_id": 3},
        {"mailing_id": 3},
        {"subject": "Tides"},
        {"locale": "de"},
        {"article_ids": (2, 1)},
        {"content": {"first": True, "sections": DRAFT.content["sections"]}},
    ],
)
def test_whatever_decides_how_the_mail_reads_changes_the_hash(change: dict[str, object]) -> None:
    assert replace(DRAFT, **change).content_hash != DRAFT.content_hash


def test_a_lone_surrogate_in_a_headline_does_not_stop_planning() -> None:
    assert len(replace(DRAFT, subject="broken \ud800").content_hash) == 32
