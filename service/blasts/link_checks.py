"""Asks the servers behind a blast's links whether they answer: HEAD, through the guard, within a time."""

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ssrfguard import SSRFGuardError

from service.articles.fetching import Fetcher
from service.errors import FetchError

#: The whole check; whoever has not answered by then is said to be slow.
SECONDS = 8.0
_AT_ONCE = 8
#: A blast with more links is asked for the first of them.
MOST = 60
#: Servers that answer people and refuse machines, or do not know HEAD.
_NO_VERDICT = frozenset({401, 403, 405, 406, 429, 501, 503, 999})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one link; `problem` is empty where it leads somewhere."""

    url: str
    problem: str = ""
    #: Nobody can say: a person has to open it.
    is_open: bool = False


def check(urls: Collection[str], *, fetcher: Fetcher, seconds: float = SECONDS) -> list[Answer]:
    """Ask all of them at once, each once; never within a transaction."""
    wanted = [url for url in dict.fromkeys(urls) if url.startswith(("https://", "http://"))][:MOST]
    # A name may take longer to look up than anybody waits, and cannot be cancelled: threads are left to end.
    pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="link-check")
    asked = {url: pool.submit(_ask, url, fetcher) for url in wanted}
    wait(asked.values(), timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    return [_answer(url, future, seconds) for url, future in asked.items()]


def _answer(url: str, asked: Future[Answer], seconds: float) -> Answer:
    if asked.done() and not asked.cancelled():
        return asked.result()
    return Answer(url, f"It did not answer within {seconds:g} seconds; open it yourself.", is_open=True)


def _ask(url: str, fetcher: Fetcher) -> Answer:
    try:
        status = fetcher.status(url)
    except FetchError as error:
        if isinstance(error.__cause__, SSRFGuardError):
            return Answer(url, "It leads to a private network or an unusual port; readers cannot open it.")
        return Answer(url, str(error))
    if status in _NO_VERDICT:
        return Answer(url, f"The server answers {status} to programs; open it yourself.", is_open=True)
    return Answer(url, f"The server answers {status}: there is nothing." if status >= 400 else "")
