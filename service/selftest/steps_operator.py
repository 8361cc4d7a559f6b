"""What an operator does: sets Broadsheet up, maps a category, reads the overview, sends blasts."""

import re

from sqlalchemy import func, select

from service.articles.models import Article, ArticleTopic
from service.delivery import accounting
from service.delivery.models import Mailing
from service.operators import setup
from service.selftest.browser import Browser, Page, complaint
from service.selftest.checks import CheckFailed, check
from service.selftest.feed import FIRST, LABORATORY, SCIENCE, TOPICS
from service.selftest.mail_rules import check_mail
from service.selftest.world import NEWSLETTER, OPERATOR, PASSWORD, World

_GUEST = "victor@gazette.example"
_POSTAL_ADDRESS = "The Selftest Gazette\n1 Loopback Lane\n127001 Localhost"
_SUM = re.compile(
    r"\bSent ([\d,]+)\b.*?\bSkipped ([\d,]+)\b.*?\bFailed ([\d,]+)\b.*?\bUnknown ([\d,]+)\b"
    r".*?\bPending ([\d,]+)\b.*?\bconsidered ([\d,]+)\b"
)


def set_up(world: World) -> None:
    """Fill in the set-up page; nobody without its token gets there, and nobody twice."""
    token = setup.setup_token(world.runtime.settings)
    world.reader.open(f"/setup/{'0' * len(token)}", status=404)
    page = world.operator.open(f"/setup/{token}")
    form = page.form(field="newsletter_name").fill(
        operator_name="Dora Desk",
        operator_email=OPERATOR,
        password=PASSWORD,
        newsletter_name=NEWSLETTER,
        tagline="News from this very machine",
        sender_name=NEWSLETTER,
        sender_email="news@gazette.example",
        postal_address=_POSTAL_ADDRESS,
        topics="\n".join(TOPICS),
        feed_url=world.feed.url,
    )
    # The hidden first button is what Enter presses; people press the last one.
    console = world.operator.press(page, form, form.buttons[-1].label)
    check("/console/" in console.url, f"The set-up page was not accepted: {complaint(console)}.")
    world.operator.open(f"/setup/{token}", status=404)
    world.pages["sign_up"] = world.reader.open("/")
    check(
        world.pages["sign_up"].path.startswith("/n/"),
        f"The front page led to {world.pages['sign_up'].path} and not to the sign-up page.",
    )


def articles_come_in(world: World) -> None:
    """The poller fetches the feed; the operator says what one of its categories means."""
    world.eventually(
        lambda: _count(world, Article.id) == len(FIRST),
        f"The {len(FIRST)} articles of the feed did not come in.",
    )
    check(
        all("Broadsheet" in agent for _, agent in world.feed.asked), "The poller does not say that it is us."
    )
    page = world.operator.open("/console/categories/")
    check(LABORATORY in page.text, f"The category {LABORATORY} does not wait for a topic.")
    form = page.form(about=f"Topic of {LABORATORY}").choose("topic", SCIENCE)
    said = world.operator.press(page, form, "Map")
    check(SCIENCE in said.text, f"Mapping a category was not accepted: {complaint(said)}.")
    wait_for_pool(world, len(FIRST))


def wait_for_pool(world: World, articles: int) -> None:
    """Wait until so many articles may enter digests."""

    def settled() -> bool:
        with world.runtime.sessions() as session:
            found = session.scalar(
                select(func.count(ArticleTopic.article_id.distinct())).where(
                    ArticleTopic.eligible_seq.is_not(None)
                )
            )
        return found == articles

    world.eventually(settled, f"{articles} articles did not come into the pools of their topics.")


def overview_adds_up(world: World) -> None:
    """Log out and in again; what the console counts is what the inbox holds, and every sum closes."""
    browser = world.operator
    page = browser.open("/console/")
    door = browser.press(page, page.form(about="Log out"), "Log out")
    form = door.form(field="password")
    wrong = browser.press(door, form.fill(email=OPERATOR, password=PASSWORD[::-1]), status=422)
    form = wrong.form(field="password").fill(email=OPERATOR, password=PASSWORD)
    inside = browser.press(wrong, form)
    check("/console/login" not in inside.url, f"Logging in was refused: {complaint(inside)}.")
    check(world.reader.open("/console/").path.endswith("/login"), "The console opens without a login.")
    world.eventually(
        lambda: _figure(browser.open("/console/"), "Sent") == world.mailbox.count(),
        "The overview does not count as many sent mails as the inbox holds.",
    )
    overview = browser.open("/console/")
    for word in ("worker alive", "beat alive"):
        check(word in overview.text, f"The overview does not say “{word}”.")
    stream = re.search(r'data-live="([^"]+)"', overview.body)
    check(stream, "The overview does not refresh itself.")
    if stream is not None:
        browser.first_event(stream.group(1))
    accounts_close(world)


def invite(world: World) -> None:
    """A second operator comes in by the mail that invites him, and may only look."""
    page = world.operator.open("/console/operators/")
    form = page.form(about="Send the invitation").fill(name="Victor View", email=_GUEST, role="viewer")
    world.operator.press(page, form)
    mail = world.mailbox.wait("The invitation", to=_GUEST)
    check_mail(mail, "transactional", now=world.now())
    with Browser(world.operator.base_url) as guest:
        door = guest.open(mail.link("/console/invitation/"))
        inside = guest.press(door, door.form(field="password").fill(name="Victor View", password=PASSWORD))
        check("/console/invitation/" not in inside.url, f"The invitation failed: {complaint(inside)}.")
        guest.open("/console/queue/")
        guest.open("/console/blasts/new", status=403)


def accounts_close(world: World) -> None:
    """Check of every mailing that its page shows the rows of the ledger, and that the sum closes."""
    with world.runtime.sessions() as session:
        ids = list(session.scalars(select(Mailing.id).order_by(Mailing.id)))
    check(ids, "There is no mailing in the queue.")
    for mailing_id in ids:
        page = world.operator.open(f"/console/queue/{mailing_id}")
        shown = account_on(page)
        with world.runtime.sessions() as session:
            rows = accounting.recount(session, mailing_id)
        check(sum(shown[:5]) == shown[5], f"The account on {page.path} does not add up: {shown}.")
        check(
            (shown[0], shown[3], shown[5]) == (rows.sent, rows.unknown, rows.eligible),
            f"The account on {page.path} is not what the ledger's rows say.",
        )


def account_on(page: Page) -> tuple[int, ...]:
    """Read sent, skipped, failed, unknown, pending and eligible off a mailing's page.

    :raises CheckFailed: the page shows no account.
    """
    found = _SUM.search(page.text)
    if found is None:
        raise CheckFailed(f"{page.path} shows no account.")
    return tuple(int(number.replace(",", "")) for number in found.groups())


def write_blast(world: World, subject: str) -> Page:
    """Write a draft and return its page."""
    browser = world.operator
    page = browser.open("/console/blasts/new")
    page = browser.press(page, page.form(field="topics_any"), "Continue to the text")
    form = page.form(field="body_markdown").fill(
        subject=subject,
        body_markdown="## Doors open at six\n\nCome and see how **the presses** run.\n\n"
        "- bring a friend\n- [the way](https://example.org/way)\n",
    )
    draft = browser.press(page, form, "Save and check")
    check(draft.path.rpartition("/")[2].isdigit(), f"The blast was not saved: {complaint(draft)}.")
    return draft


def send_blast(world: World, draft: Page, *, readers: int) -> None:
    """Confirm the count that the page shows, and send."""
    browser = world.operator
    page = browser.open(f"{draft.url.rstrip('/')}/send")
    form = page.form(field="confirmed_count")
    count = form.value("confirmed_count")
    check(count == str(readers), f"The blast would go to {count} readers instead of {readers}.")
    check(count in page.text, "The page does not show to how many readers the blast would go.")
    browser.press(page, form)
    # A second press of the same button.
    browser.press(page, form)


def _shorten_undo(world: World) -> None:
    """Let confirmed blasts wait no longer than the rules allow at the least, as an administrator may."""
    browser = world.operator
    page = browser.open("/console/blasts/rules")
    saved = browser.press(page, page.form(field="undo_seconds").fill(undo_seconds="5"), "Save")
    check("Saved" in saved.text, f"The rules for sending were not saved: {complaint(saved)}.")


def blast_goes_out(world: World) -> None:
    """Write, look at it, test it, send it: every reader who asked for announcements gets it once."""
    browser = world.operator
    subject = "An evening in the printing hall"
    _shorten_undo(world)
    draft = write_blast(world, subject)
    shown = browser.open(f"{draft.path}?look=text")
    check("the presses" in shown.text, "The preview does not show the text.")
    check("<strong>the presses</strong>" in browser.open(f"{draft.url}/mail").body, "The preview is broken.")
    browser.press(draft, draft.form(action="/test"))
    test = world.mailbox.wait("The test of the blast", to=OPERATOR, subject=subject)
    check("the presses" in test.text, "The test mail does not hold the text of the blast.")
    check(world.blast_recipients(subject) == [], "A test mail went to a reader.")
    send_blast(world, draft, readers=len(world.consenting))
    world.eventually(
        lambda: len(world.blast_recipients(subject)) >= len(world.consenting),
        "The blast did not reach everybody who asked for announcements.",
    )
    world.quiet()
    check(
        sorted(world.blast_recipients(subject)) == sorted(world.consenting),
        "The blast did not reach everybody exactly once.",
    )
    mail = world.mailbox.wait("The blast", to=world.consenting[0], subject=subject)
    check_mail(mail, "blast", now=world.now())
    accounts_close(world)


def _figure(page: Page, name: str) -> int:
    found = re.search(rf"\b{name} ([\d,]+)\b", page.text)
    return int(found.group(1).replace(",", "")) if found else -1


def _count(world: World, column: object) -> int:
    with world.runtime.sessions() as session:
        return session.scalar(select(func.count(column))) or 0  # type: ignore[arg-type]  # a mapped column
