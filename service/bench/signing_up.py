"""Measures signing up: real requests to a real web server over a real database, at a steady rate."""

import asyncio
import gzip
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from service.bench import browser
from service.bench.http import Answer, ask
from service.bench.plan import BenchmarkError
from service.bench.runner import INTERRUPTED, Progress
from service.bench.signing_up_report import SignUpReport, Weight
from service.clock import utc_now
from service.db import make_engine, make_sessions, transaction
from service.embedded import stack as stacks
from service.embedded.data_folder import DataFolder
from service.embedded.environment import own_environment
from service.embedded.stack import Addresses
from service.embedded.supervisor import Supervisor
from service.newsletters.models import Newsletter, Sender, Topic
from service.subscribers.guard import QUICKEST_SECONDS

_NEEDED = ("postgres", "valkey", "migrate", "web")
_PAGE = "/n/bench"
#: Presses before the clock starts: threads, connections and statements are there then.
_WARMING = 600


@dataclass(frozen=True, slots=True)
class Form:
    """A form as the page gave it, which is sent for many addresses."""

    cookie: str
    fields: dict[str, str]


def run(
    *, rate: int, seconds: int, progress: Progress, warming: int = _WARMING, loads: int = browser.LOADS
) -> SignUpReport:
    """Measure on servers of its own, which are gone afterwards.

    :raises BenchmarkError: the page could not be read, or not one form was taken.
    """
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-bench-"))
    with own_environment(folder), DataFolder(folder / "data") as data:
        folder.chmod(0o711)
        try:
            measure = partial(_measure, rate=rate, seconds=seconds, warming=warming, loads=loads)
            return _drive(data, measure, progress)
        finally:
            stacks.wipe(data)
            shutil.rmtree(folder, ignore_errors=True)


def _drive(data: DataFolder, measure: Callable[..., SignUpReport], progress: Progress) -> SignUpReport:
    progress.say("Starting a database, a queue and a web server")
    addresses = Addresses.from_free_ports()
    os.environ["SMTP_URL"] = f"smtp://127.0.0.1:{addresses.smtp_port}"
    # Every press comes from a network of its own, as the proxy in front says.
    os.environ["TRUSTED_PROXIES"] = "1"
    # One for each core, and no more than four.
    os.environ["WEB_WORKERS"] = str(min(os.cpu_count() or 1, 4))
    stack = stacks.build(data, addresses)
    os.environ.update(stack.env)
    processes = [each for each in stack.processes if each.name in _NEEDED]
    with Supervisor(processes, logs=data.logs, report=lambda *_: None) as supervisor:
        supervisor.start()
        if supervisor.stopping:
            raise BenchmarkError(INTERRUPTED)
        with ThreadPoolExecutor(1) as pool:
            database = stack.env["DATABASE_URL"]
            found = pool.submit(measure, addresses.port, database, progress)
            supervisor.watch(until=found.done)
        return found.result()


def _measure(
    port: int, database: str, progress: Progress, *, rate: int, seconds: int, warming: int, loads: int
) -> SignUpReport:
    _write_newsletter(database)
    weight = asyncio.run(_weigh(port))
    usable = None
    if (chromium := browser.find()) is not None:
        progress.say("Opening the page in a browser")
        page = f"http://127.0.0.1:{port}{_PAGE}"
        usable = browser.usable(chromium, page, field="input[name=email]", loads=loads)
    form = asyncio.run(_open_form(port))
    time.sleep(QUICKEST_SECONDS + 0.5)
    progress.say("Warming up")
    asyncio.run(_press(port, form, first=0, rate=min(rate, 75), count=warming))
    progress.say(f"Signing up {rate} readers a second")
    answers = asyncio.run(_press(port, form, first=warming, rate=rate, count=rate * seconds))
    report = SignUpReport.of(answers, rate=rate, weight=weight, usable=usable, load=os.getloadavg()[0])
    if not report.taken:
        raise BenchmarkError(f"Nothing was taken; the first answer was {answers[0].status}.")
    return report


def _write_newsletter(database: str) -> None:
    now = utc_now()
    engine = make_engine(f"postgresql+psycopg://{database.partition('://')[2]}")
    with transaction(make_sessions(engine)) as session:
        sender = Sender(name="The Bench", email="news@bench.example", postal_address="1 Yard", created_at=now)
        newsletter = Newsletter(
            slug="bench", name="The Bench", sender=sender, signups_per_minute=100_000, created_at=now
        )
        newsletter.topics = [
            Topic(slug=f"topic-{n}", name=f"Topic {n}", description="What there is of it.", position=n)
            for n in range(12)
        ]
        session.add(newsletter)
    engine.dispose()


async def _weigh(port: int) -> Weight:
    """Read the page as a browser does: everything that it names, and whom else it would ask."""
    page = await ask(port, _PAGE)
    if page.status != 200:
        raise BenchmarkError(f"The sign-up page answered {page.status}.")
    text = page.body.decode()
    names = re.findall(r'<(?:script|img|iframe)[^>]* src="([^"]+)"', text)
    names += re.findall(r'<link[^>]* href="([^"]+)"', text)
    ours = [name for name in names if not urlsplit(name).netloc]
    parts = {name: (await ask(port, name)).body for name in ours}
    elsewhere = {urlsplit(name).netloc for name in names if urlsplit(name).netloc}
    compressed = {name: len(gzip.compress(body)) for name, body in ({_PAGE: page.body} | parts).items()}
    return Weight(compressed, len(elsewhere))


async def _open_form(port: int) -> Form:
    page = await ask(port, _PAGE)
    text = page.body.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
    topics = re.findall(r'name="topics" value="(\d+)"', text)
    fields = hidden | {"topics": topics[0], "rhythm": "weekly", "weekday": "5", "enough_items": "5"}
    return Form(page.headers.get("set-cookie", "").partition(";")[0], fields)


async def _press(port: int, form: Form, *, first: int, rate: int, count: int) -> list[Answer]:
    """Press the button at a steady rate, whether or not earlier answers are there (an open loop)."""
    began = time.perf_counter()
    presses = []
    for n in range(count):
        await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
        presses.append(asyncio.create_task(_press_once(port, form, first + n)))
    return await asyncio.gather(*presses)


async def _press_once(port: int, form: Form, n: int) -> Answer:
    body = urlencode(form.fields | {"email": f"reader{n}@example.org"}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": form.cookie,
        "X-Forwarded-For": f"10.{n >> 8 & 255}.{n & 255}.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": f"localhost:{port}",
    }
    return await ask(port, _PAGE, headers=headers, body=body)
