"""Names of categories and names of topics: which are alike, and which are not."""

import pytest

from service.articles.suggesting import alike, by_name

TOPICS = {1: "Science", 2: "Climate & Energy", 3: "Sport", 4: "Économie", 5: "City Hall"}


@pytest.mark.parametrize(
    ("category", "topic_id"),
    [
        ("science", 1),
        ("Sciences", 1),
        ("Science news", 1),
        ("climate-energy", 2),
        ("Energy and climate", 2),
        ("Sport & Leisure", 3),
        ("economie", 4),
        ("CITY_HALL", 5),
    ],
)
def test_another_dress_of_a_name_is_the_same_topic(category: str, topic_id: int) -> None:
    found = by_name(category, TOPICS)
    assert found is not None
    assert found[0] == topic_id


@pytest.mark.parametrize("category", ["Gossip", "Transport", "Art", "", "&", "of the", "🚀", "x" * 80])
def test_what_is_not_alike_is_left_to_a_person(category: str) -> None:
    assert by_name(category, TOPICS) is None


def test_nothing_is_proposed_where_there_is_no_topic() -> None:
    assert by_name("Science", {}) is None


def test_likeness_does_not_depend_on_which_name_comes_first() -> None:
    assert alike("Energy policy", "Energy") == alike("Energy", "Energy policy") < 1
    assert alike("Energy", "energy ") == 1
