from datetime import timedelta

import pytest

from service.demo.publication import SampleArticle, load_publication

PUBLICATION = load_publication()
ARTICLES = PUBLICATION.articles


def test_there_is_enough_to_read_in_every_topic() -> None:
    assert len(PUBLICATION.topics) == 8
    assert len(ARTICLES) >= 128
    for topic in PUBLICATION.topics:
        assert sum(article.topic == topic.slug for article in ARTICLES) >= 12


def test_every_article_has_an_address_of_its_own() -> None:
    assert len({article.slug for article in ARTICLES}) == len(ARTICLES)
    assert len({article.headline for article in ARTICLES}) == len(ARTICLES)


def test_no_category_is_mapped_to_two_topics() -> None:
    spellings = [category for topic in PUBLICATION.topics for category in topic.feed_categories]
    assert len(spellings) == len(set(spellings))
    assert not set(spellings) & set(PUBLICATION.unmapped_categories)


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article.slug)
def test_categories_are_mapped_or_unmapped_on_purpose(article: SampleArticle) -> None:
    mapping = PUBLICATION.topic_of_category()
    unknown = {category for category in article.categories if category not in mapping}
    assert unknown <= set(PUBLICATION.unmapped_categories)
    assert article.topic in {mapping.get(category) for category in article.categories}


def test_every_spelling_and_every_unmapped_category_is_in_use() -> None:
    used = {category for article in ARTICLES for category in article.categories}
    assert set(PUBLICATION.topic_of_category()) | set(PUBLICATION.unmapped_categories) == used


def test_some_articles_belong_to_two_topics() -> None:
    mapping = PUBLICATION.topic_of_category()
    topics = [{mapping[name] for name in article.categories if name in mapping} for article in ARTICLES]
    assert 10 <= sum(len(names) == 2 for names in topics) <= 40


def test_ages_cover_a_month_and_are_dense_in_the_last_week() -> None:
    ages = [article.age for article in ARTICLES]
    assert timedelta(0) < min(ages) < timedelta(hours=6)
    assert timedelta(days=28) < max(ages) < timedelta(days=30)
    assert sum(age < timedelta(days=7) for age in ages) > len(ages) / 2
    assert ages == sorted(ages)


def test_the_edge_cases_that_a_feed_brings_are_there() -> None:
    headlines = [article.headline for article in ARTICLES]
    assert len([headline for headline in headlines if len(headline) > 200]) == 1
    assert any('"' in headline for headline in headlines)
    assert any("&" in headline for headline in headlines)
    assert any(max(headline) >= "\u3040" for headline in headlines)
    assert len([article for article in ARTICLES if not article.summary]) == 1


def test_every_journalist_writes_and_about_a_third_of_the_articles_are_illustrated() -> None:
    assert {article.author for article in ARTICLES} == set(PUBLICATION.authors)
    pictures = [article.picture for article in ARTICLES if article.picture]
    assert len(ARTICLES) * 0.25 < len(pictures) < len(ARTICLES) * 0.45
    assert len({picture.seed for picture in pictures}) == len(pictures)
    assert all(picture.alt for picture in pictures)
