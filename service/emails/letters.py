"""What each e-mail is made of: one typed value per folder in `email_templates/`.

A domain builds the letter, `rendering.render` turns it into subject, text and HTML. URLs that differ per
reader are given as `splice.placeholder(...)` where one rendering serves many readers (digest, blast).
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import ClassVar, NamedTuple

from service.emails.typefaces import Typeface


class Layout(StrEnum):
    """How a newsletter sets its digests."""

    #: One large picture, then rows with small ones.
    LEAD = "lead"
    #: Rows with small pictures.
    ROWS = "rows"
    #: Headlines only.
    COMPACT = "compact"
    #: Headlines and summaries, no pictures.
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What every mail of one newsletter shares."""

    newsletter: str
    tagline: str
    #: `#rrggbb`; checked for contrast when the newsletter is saved.
    accent: str
    home_url: str
    sender_name: str
    postal_address: str
    locale: str = "en"
    typeface: Typeface = Typeface.NEWSPAPER
    #: An absolute address; empty where the name itself is the masthead. The name is its alternative text.
    logo_url: str = ""
    #: As it is shown, in CSS pixels.
    logo_width: int = 0
    logo_height: int = 0
    #: It has transparent parts: on dark paper it needs a light plate behind it.
    logo_plate: bool = False
    layout: Layout = Layout.LEAD
    #: What others read; empty where the newsletter has no public pages.
    popular_url: str = ""


class SubscriberLinks(NamedTuple):
    """The reader's own links; in digests and blasts these are placeholders until the last splice."""

    unsubscribe_url: str
    preferences_url: str
    #: One sentence, plain text: "You get this because you chose Science and Climate, every Friday."
    reason: str
    #: The mail as a page; empty where there is none.
    view_url: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmLetter:
    """Double opt-in. Holds nothing that the visitor typed (standards 129, 143)."""

    template: ClassVar[str] = "confirm"
    letterhead: Letterhead
    confirm_url: str
    #: Opens a page that suppresses the address for good (standards 45).
    never_again_url: str
    #: "3 December": the last day on which the link works.
    valid_until: date


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """Sent once to who has not confirmed after a day. Holds nothing that the visitor typed either."""

    template: ClassVar[str] = "reminder"
    letterhead: Letterhead
    confirm_url: str
    never_again_url: str
    #: The last day on which the link works; then we forget the address.
    valid_until: date


@dataclass(frozen=True, slots=True)
class AlreadySubscribedLetter:
    """Sent instead of a confirmation to a reader who is confirmed already."""

    template: ClassVar[str] = "already_subscribed"
    letterhead: Letterhead
    preferences_url: str
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class WelcomeLetter:
    """Sent once after confirming when there is no first digest to send (too few articles yet)."""

    template: ClassVar[str] = "welcome"
    letterhead: Letterhead
    topics: tuple[str, ...]
    #: "every Friday at 07:00"
    rhythm_phrase: str
    links: SubscriberLinks


@dataclass(frozen=True, slots=True)
class ManageLetter:
    """The link behind which a reader's data are; asked for on the preference page."""

    template: ClassVar[str] = "manage"
    letterhead: Letterhead
    manage_url: str
    minutes: int


@dataclass(frozen=True, slots=True)
class NewAddressLetter:
    """Goes to the new address of a reader who moves. Says neither the old one nor anything that was typed."""

    template: ClassVar[str] = "new_address"
    letterhead: Letterhead
    confirm_url: str
    hours: int


@dataclass(frozen=True, slots=True)
class OldAddressLetter:
    """Tells the address that a reader wants to leave, and lets it stop that."""

    template: ClassVar[str] = "old_address"
    letterhead: Letterhead
    stop_url: str


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One article in one digest. `url` is our click link; HTML is escaped by the template."""

    title: str
    summary: str
    url: str
    topic: str
    source: str
    #: "You follow Energy", "Most read in Science this week"
    reason: str
    author: str | None = None
    published_on: date | None = None
    image_url: str | None = None
    image_alt: str = ""
    #: In pixels, as its feed says; None where it does not.
    image_width: int | None = None
    image_height: int | None = None
    #: Named on the preference page that "more or less of this" leads to; None leaves that link out.
    article_id: int | None = None
    #: BCP 47, of title, summary and topic; empty is the language of the mail.
    language: str = ""


@dataclass(frozen=True, slots=True)
class DigestSection:
    """A run of items under one heading; `key` is popular, new or picks."""

    key: str
    heading: str
    items: tuple[DigestItem, ...]


@dataclass(frozen=True, slots=True)
class DigestLetter:
    """A reader's digest; the first item of the first section is the lead story."""

    template: ClassVar[str] = "digest"
    letterhead: Letterhead
    subject: str
    #: Visible first line of the mail, 40-90 characters.
    preheader: str
    issue_date: date
    sections: tuple[DigestSection, ...]
    links: SubscriberLinks
    #: True for the digest that follows the confirmation: it greets the new reader.
    first: bool = False
    #: Followed by machines only; empty where nothing is counted.
    trap_url: str = ""


@dataclass(frozen=True, slots=True)
class BlastLetter:
    """An operator's message; `html` is its finished parts, sanitised already, `text` the same as text."""

    template: ClassVar[str] = "blast"
    letterhead: Letterhead
    subject: str
    html: str
    text: str
    links: SubscriberLinks
    #: Visible first line of the mail; empty says whom it is for.
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class InvitationLetter:
    """Invites an operator to choose a password."""

    template: ClassVar[str] = "operator_invitation"
    letterhead: Letterhead
    invited_by: str
    role: str
    accept_url: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class RelayTestLetter:
    """Tries one relay, and goes to the operator who asked."""

    template: ClassVar[str] = "relay_test"
    letterhead: Letterhead
    #: host:port
    relay: str
    #: "25 November 2026, 13:05 UTC"
    asked_at: str


@dataclass(frozen=True, slots=True)
class PasswordLetter:
    """Lets an operator who forgot the password choose a new one."""

    template: ClassVar[str] = "operator_password"
    letterhead: Letterhead
    password_url: str
    #: "an hour"
    valid_for: str
    #: Said when the account has a second factor: the new password alone lets nobody in.
    has_second_factor: bool


Letter = (
    ConfirmLetter
    | ReminderLetter
    | AlreadySubscribedLetter
    | WelcomeLetter
    | ManageLetter
    | NewAddressLetter
    | OldAddressLetter
    | DigestLetter
    | BlastLetter
    | InvitationLetter
    | PasswordLetter
    | RelayTestLetter
)


@dataclass(frozen=True, slots=True)
class EmailContent:
    """A rendered e-mail: subject without line breaks, text with \\n, HTML with styles inlined."""

    subject: str
    text: str
    html: str = field(repr=False)
