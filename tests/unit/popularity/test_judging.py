"""Who is a person: machines by name and by pace, doubles by what came before."""

from datetime import UTC, datetime, timedelta

import pytest

from service.popularity.judging import Seen, bursts, judge
from service.popularity.models import Verdict

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari"
)


def seen(seconds_ago: float, article_id: int, verdict: Verdict = Verdict.HUMAN) -> Seen:
    return Seen(int(seconds_ago * 10), NOON - timedelta(seconds=seconds_ago), article_id, verdict)


@pytest.mark.parametrize(
    ("user_agent", "method", "prefetch", "verdict"),
    [
        (FIREFOX, "GET", False, Verdict.HUMAN),
        (IPHONE, "GET", False, Verdict.HUMAN),
        (FIREFOX, "HEAD", False, Verdict.SCANNER),
        (FIREFOX, "GET", True, Verdict.SCANNER),
        ("", "GET", False, Verdict.SCANNER),
        ("  ", "GET", False, Verdict.SCANNER),
        ("Barracuda Sentinel (EE)", "GET", False, Verdict.SCANNER),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "GET", False, Verdict.SCANNER),
        ("python-requests/2.32", "GET", False, Verdict.SCANNER),
        ("curl/8.5.0", "GET", False, Verdict.SCANNER),
        ("Mozilla/5.0 (Windows NT 10.0; ms-office; MSOffice 16)", "GET", False, Verdict.SCANNER),
        ("Slackbot-LinkExpanding 1.0", "GET", False, Verdict.SCANNER),
    ],
)
def test_machines_that_say_so_are_scanners(
    user_agent: str, method: str, prefetch: bool, verdict: Verdict
) -> None:
    judged = judge(article_id=1, method=method, user_agent=user_agent, prefetch=prefetch, earlier=[])
    assert judged is verdict


def test_only_a_persons_click_makes_the_next_a_repeat() -> None:
    def again(*earlier: Seen) -> Verdict:
        return judge(article_id=1, method="GET", user_agent=FIREFOX, prefetch=False, earlier=earlier)

    assert again(seen(600, 1)) is Verdict.REPEAT
    assert again(seen(600, 1, Verdict.SCANNER)) is Verdict.HUMAN
    assert again(seen(600, 2)) is Verdict.HUMAN


@pytest.mark.parametrize(
    ("clicks", "caught"),
    [
        ([seen(0, 1), seen(1, 2), seen(2, 3)], {0, 10, 20}),
        ([seen(0, 1), seen(1, 2), seen(2.1, 3)], set()),
        ([seen(0, 1), seen(1, 2), seen(1.5, 2), seen(1.8, 1)], set()),
        ([seen(0, 1), seen(0.1, 2), seen(0.2, 3), seen(0.3, 1), seen(7, 4)], {0, 1, 2, 3}),
        ([seen(6 * n, n) for n in range(9)], set()),
        ([seen(6 * n, n) for n in range(10)], {60 * n for n in range(10)}),
        ([seen(7 * n, n) for n in range(20)], set()),
        ([], set()),
    ],
)
def test_three_articles_in_two_seconds_or_ten_in_a_minute_are_a_burst(
    clicks: list[Seen], caught: set[int]
) -> None:
    assert bursts(clicks) == bursts(reversed(clicks)) == caught
