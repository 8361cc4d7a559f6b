"""What a reader does: signs up, confirms, reads, changes topics, leaves."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select

from service.db import transaction
from service.selftest.browser import Browser, Page, complaint
from service.selftest.checks import check
from service.selftest.feed import CITY, FIRST, KITCHEN, SCIENCE, SECOND, TOPICS
from service.selftest.mail_rules import check_mail
from service.selftest.mailbox import Mail
from service.selftest.steps_operator import wait_for_pool
from service.selftest.world import CROWD, NEWSLETTER, READER, World
from service.subscribers.models import Subscriber, Subscription, SubscriptionState

_FORM = b"List-Unsubscribe=One-Click"
_BOUNDARY = "selftest-boundary"
_MULTIPART = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    f"--{_BOUNDARY}--\r\n"
).encode()
#: The form takes nobody for a person who fills it in faster than this.
_TYPING_SECONDS = 2.1


def sign_up(world: World) -> None:
    """Fill in the form; the confirmation arrives, and opening its link confirms nothing."""
    page = world.pages["sign_up"]
    for wrong in ("anna@@reader.example", "anna@reader.example\r\nBcc: eve@reader.example", "a" * 300):
        form = page.form(field="email").fill(email=wrong, rhythm="weekly").tick("topics", CITY)
        refused = world.reader.press(page, form, "Sign up", status=422)
        check(refused.alerts, "The sign-up page does not say what is wrong with an address.")
    _send_form(world, world.reader, page, READER, topics=(CITY, SCIENCE))
    mail = world.mailbox.wait("The confirmation mail", to=READER, subject="Confirm")
    check_mail(mail, "transactional", now=world.now())
    link = mail.link("/c/")
    world.urls["confirm"] = link
    world.reader.send("HEAD", link)
    world.pages["confirm"] = world.reader.open(link)
    check(
        _subscription(world).state is SubscriptionState.PENDING,
        "Opening the confirmation link confirmed already; scanners open every link.",
    )
    check(
        400 <= world.reader.send("GET", _forged(link)).status_code < 500,
        "A forged confirmation link was not refused.",
    )


def confirm(world: World) -> None:
    """Press the button, twice; the first digest has the chosen topics, one surprise, and nothing twice."""
    page = world.pages["confirm"]
    for _ in range(2):
        done = world.reader.press(page, page.form(), "Confirm")
    check(_subscription(world).state is SubscriptionState.ACTIVE, f"Not confirmed: {complaint(done)}.")
    mail = world.mailbox.wait("The first digest", to=READER, after=1, seconds=60)
    check_mail(mail, "digest", now=world.now())
    world.mails["first"] = mail
    found = set(world.stories(mail))
    wanted = {piece.slug for piece in FIRST if piece.topic in (CITY, SCIENCE)}
    surprises = found - wanted
    check(
        wanted <= found and len(surprises) == 1,
        f"The first digest holds {_list(found)} instead of {_list(wanted)} and one other.",
    )
    check("Something different" in mail.text, "A digest does not say why it has an article of another topic.")
    _nothing_twice(mail)


def follow_links(world: World) -> None:
    """Click: every story of the digest leads to its article, and nowhere else."""
    mail = world.mails["first"]
    link = mail.link("/r/")
    with Browser(world.reader.base_url) as browser:
        article = browser.open(link)
    check(world.feed.host in article.url, "A click in the digest does not lead to the article.")
    check(
        400 <= world.reader.send("GET", _forged(link)).status_code < 500,
        "A forged link of the digest was not refused; it may be an open redirect.",
    )


def change_topics(world: World) -> None:
    """Open the preference page from the mail, without a login, and choose other topics and a rhythm."""
    page = world.reader.open(world.mails["first"].link("/p/"))
    check(READER not in page.text, "The preference page shows the whole address to whoever has the link.")
    # Far from now, so that no real slot comes while this runs.
    hour = (world.now().hour + 12) % 24
    form = page.form(field="topics").tick("topics", CITY, KITCHEN)
    form.fill(rhythm="daily", hour=str(hour), time_zone="UTC")
    saved = world.reader.press(page, form, "Save everything")
    check("Saved" in saved.text, f"The preferences were not saved: {complaint(saved)}.")
    again = saved.form(field="topics")
    form = saved.form(field="explore").clear("explore")
    saved = world.reader.press(saved, form, "Save everything")
    check("Saved" in saved.text, f"The surprise could not be declined: {complaint(saved)}.")
    form = saved.form(field="until").fill(until=(world.now() + timedelta(days=5)).date().isoformat())
    paused = world.reader.press(saved, form, "Pause")
    back = world.reader.press(paused, paused.form(action="/resume"))
    check(not any(form.action.endswith("/resume") for form in back.forms), "A pause could not be ended.")
    ticked = {one.label.split()[0] for one in again.controls if one.name == "topics" and one.on}
    check(ticked == {CITY, KITCHEN}, f"The preference page shows {_list(ticked)} after saving.")


def next_digest(world: World) -> None:
    """New articles are published; the next digest brings those of the new topics and nothing else."""
    # Open in another tab meanwhile, for the step after this one.
    world.pages["sign_up_again"] = world.reader.open(world.pages["sign_up"].url)
    asked = len(world.feed.asked)
    world.feed.publish(SECOND, now=world.now())
    page = world.operator.open("/console/sources/")
    world.operator.press(page, page.form(action="/poll"))
    wait_for_pool(world, len(FIRST) + len(SECOND))
    check(world.feed.asked[asked][0], "The poller does not ask conditionally (If-None-Match).")
    before = world.mailbox.count(to=READER)
    _put_back_a_day(world)
    mail = world.mailbox.wait("The next digest", to=READER, after=before)
    check_mail(mail, "digest", now=world.now())
    found = world.stories(mail)
    wanted = [piece.slug for piece in SECOND if piece.topic in (CITY, KITCHEN)]
    check(set(found) == set(wanted), f"The next digest holds {_list(found)} instead of {_list(wanted)}.")
    _nothing_twice(mail)
    first = world.mails["first"]
    check(mail.header("Message-ID") != first.header("Message-ID"), "Two mails have the same Message-ID.")
    check(mail.header("List-Id") == first.header("List-Id"), "The List-Id changed between two digests.")
    world.mails["latest"] = mail


def sign_up_again(world: World) -> None:
    """The page answers a known address as any other; only its inbox is told."""
    page = world.pages["sign_up_again"]
    before = world.mailbox.count(to=READER)
    answer = _send_form(world, world.reader, page, READER, topics=(CITY,))
    check("already" not in answer.text.lower(), "The page tells a stranger that an address is known.")
    mail = world.mailbox.wait("The mail to a known address", to=READER, after=before)
    check("already" in mail.subject.lower(), f"A known address got the mail “{mail.subject}”.")
    check_mail(mail, "transactional", now=world.now())
    mail.link("/p/")


def crowd_joins(world: World) -> None:
    """Forty more readers sign up and confirm, eight at a time, each from a network of his own."""
    browsers = [Browser(world.reader.base_url, address=f"198.18.{n}.7") for n in range(len(CROWD))]
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda browser: browser.open(world.pages["sign_up"].url), browsers))

        def ask(address: str, browser: Browser, page: Page) -> None:
            _send_form(world, browser, page, address, topics=TOPICS)

        list(pool.map(ask, CROWD, browsers, pages))
        _wait_for_crowd(world, "confirmation", mails=1)

        def agree(address: str, browser: Browser) -> None:
            mail = world.mailbox.wait("A confirmation mail", to=address, subject="Confirm")
            page = browser.open(mail.link("/c/"))
            browser.press(page, page.form(), "Confirm")

        list(pool.map(agree, CROWD, browsers))
        list(pool.map(Browser.close, browsers))
    world.consenting += CROWD
    _wait_for_crowd(world, "first digest", mails=2)


def _wait_for_crowd(world: World, what: str, *, mails: int) -> None:
    """Wait until each of them has so many mails: one question for all of them."""

    def complete() -> bool:
        copies = Counter(world.mailbox.recipients())
        return all(copies[address] == mails for address in CROWD)

    world.eventually(complete, f"Not everybody of forty new readers got a {what}.", seconds=60)


def leave(world: World) -> None:
    """Two readers unsubscribe as a mail service does it: one POST each, in one of the two encodings."""
    first, other = READER, CROWD[0]
    mail = world.mailbox.wait("A digest", to=other, after=1)
    _one_click(world, first, world.mails["latest"], _FORM, "application/x-www-form-urlencoded")
    _one_click(world, other, mail, _MULTIPART, f"multipart/form-data; boundary={_BOUNDARY}")
    page = world.reader.open(world.pages["sign_up"].url)
    token = page.form(field="csrf_token").value("csrf_token")
    answer = world.reader.send(
        "POST",
        world.urls["confirm"],
        content=f"csrf_token={token}".encode(),
        content_type="application/x-www-form-urlencoded",
    )
    check(
        answer.status_code == 410 and _subscription(world, first).state is SubscriptionState.UNSUBSCRIBED,
        "An old confirmation link was not refused to a reader who had left.",
    )
    for address in (first, other):
        world.consenting.remove(address)
        world.left[address] = world.mailbox.count(to=address)


def _one_click(world: World, address: str, mail: Mail, body: bytes, kind: str) -> None:
    """Without a cookie, a token or a redirect; a GET does nothing, and a second POST nothing more."""
    url = mail.header("List-Unsubscribe").strip("<>")
    with Browser(world.reader.base_url) as stranger:
        stranger.open(url)
    check(
        _subscription(world, address).state is SubscriptionState.ACTIVE,
        "Opening the unsubscribe link left already; scanners open every link.",
    )
    for _ in range(2):
        with Browser(world.reader.base_url) as service:
            answer = service.send("POST", url, content=body, content_type=kind)
        encoding = kind.partition(";")[0]
        check(answer.status_code == 200, f"One click answered {answer.status_code} to {encoding}.")
        check(
            _subscription(world, address).state is SubscriptionState.UNSUBSCRIBED,
            f"One click in {encoding} did not unsubscribe.",
        )


def _send_form(world: World, browser: Browser, page: Page, address: str, *, topics: tuple[str, ...]) -> Page:
    # In three days: no real slot comes while this runs.
    weekday = (world.now() + timedelta(days=3)).isoweekday()
    form = page.form(field="email").fill(
        email=address, rhythm="weekly", weekday=str(weekday), time_zone="UTC"
    )
    form.tick("topics", *topics).tick("announcements")
    time.sleep(max(0.0, page.opened_at + _TYPING_SECONDS - time.monotonic()))
    answer = browser.press(page, form, "Sign up")
    check(answer.path.endswith("/sent"), f"The sign-up form was not accepted: {complaint(answer)}.")
    return answer


def _put_back_a_day(world: World) -> None:
    """Let the reader's last digest be of yesterday, and the next one due: nobody waits here for a day."""
    with transaction(world.runtime.sessions) as session:
        row = session.get_one(Subscription, _subscription(world).id)
        row.next_due_at = world.now()
        row.last_digest_on = (world.now() - timedelta(days=1)).date()


def _subscription(world: World, address: str = READER) -> Subscription:
    with world.runtime.sessions() as session:
        return session.scalars(
            select(Subscription).join(Subscriber).where(Subscriber.email_key == address)
        ).one()


def _nothing_twice(mail: Mail) -> None:
    links = [link for link in mail.links if "/r/" in link]
    lines = mail.text.splitlines()
    repeated = [link for link in links if sum(link in line for line in lines) > 1]
    check(not repeated, f"The digest names an article twice: “{NEWSLETTER}”, {len(repeated)} links.")


def _forged(link: str) -> str:
    """The same link with one sign of its signature changed."""
    middle = len(link) - 6
    return link[:middle] + ("A" if link[middle] != "A" else "B") + link[middle + 1 :]


def _list(slugs: list[str] | set[str]) -> str:
    return ", ".join(sorted(slugs)) or "nothing"
