"""Tells people from machines among clicks. Pure: no database, no clock.

Whoever follows a link gets the article; the verdict only decides what counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.popularity.models import Verdict

#: Mail gateways follow every link at once; no reader opens three articles in two seconds.
BURST = timedelta(seconds=2)
BURST_ARTICLES = 3

#: Link scanners, previews, crawlers and libraries that say who they are.
_MACHINES = re.compile(
    r"barracuda|mimecast|proofpoint|symantec|messagelabs|fireeye|trellix|forcepoint|trendmicro|sophos|"
    r"cloudmark|safelinks|ms ?office|microsoft office|bingpreview|skypeuripreview|urlpreview|"
    r"link ?(?:check|preview|expanding)|facebookexternalhit|"
    r"whatsapp/|telegrambot|discordbot|slackbot|twitterbot|linkedinbot|"
    r"googleimageproxy|yahoomailproxy|google-safety|headlesschrome|phantomjs|puppeteer|playwright|"
    r"bot\b|crawl|spider|scanner|curl/|wget/|python|aiohttp|httpx|go-http-client|okhttp|java/|libwww|"
    r"apache-httpclient|node-fetch|axios/|ruby|perl",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A click of the same visitor from the same mailing, today."""

    click_id: int
    at: datetime
    article_id: int
    verdict: Verdict


def judge(
    *, article_id: int, method: str, user_agent: str, prefetch: bool, earlier: Sequence[Seen]
) -> Verdict:
    """Judge one click by itself and by whether this visitor has followed the link before."""
    if method.upper() != "GET" or prefetch or is_machine(user_agent):
        return Verdict.SCANNER
    if any(click.article_id == article_id and click.verdict is Verdict.HUMAN for click in earlier):
        return Verdict.REPEAT
    return Verdict.HUMAN


def is_machine(user_agent: str) -> bool:
    """Say whether somebody says of itself that it is no browser."""
    return not user_agent.strip() or _MACHINES.search(user_agent) is not None


def burst(*, article_id: int, at: datetime, earlier: Sequence[Seen]) -> list[Seen] | None:
    """Return the earlier clicks that make a machine's burst with this one; None when it is no burst."""
    recent = [click for click in earlier if at - BURST <= click.at <= at]
    articles = {article_id, *(click.article_id for click in recent)}
    return recent if len(articles) >= BURST_ARTICLES else None
