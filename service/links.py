"""Every public address that appears in a mail, built from PUBLIC_URL and never from a request.

A test resolves each of them against the web application's routes.
"""

from dataclasses import dataclass
from datetime import datetime

from service.tokens import Purpose, Tokens


@dataclass(frozen=True, slots=True)
class Links:
    """Builds the links; tokens carry ids only, and `at` is when the time of a link begins."""

    base_url: str
    tokens: Tokens

    def newsletter(self, slug: str) -> str:
        """The sign-up page of a newsletter."""
        return f"{self.base_url}/n/{slug}"

    def logo(self, file_name: str) -> str:
        """A newsletter's picture; the name changes with what is in it."""
        return f"{self.base_url}/logo/{file_name}"

    def confirm(self, *, subscription_id: int, generation: int, at: datetime) -> str:
        """Double opt-in; bound to the generation, so an old link cannot undo a later unsubscribe."""
        token = self.tokens.make(Purpose.CONFIRM, [subscription_id, generation], at=at)
        return f"{self.base_url}/c/{token}"

    def never_again(self, *, subscription_id: int) -> str:
        return f"{self.base_url}/never/{self.tokens.make(Purpose.NEVER_AGAIN, [subscription_id])}"

    def preferences(self, *, subscription_id: int) -> str:
        """In every mail: address masked, no export, no erasure (those need a `manage` link)."""
        return f"{self.base_url}/p/{self.tokens.make(Purpose.PREFERENCES, [subscription_id])}"

    def manage(self, *, subscription_id: int, mark: int, at: datetime) -> str:
        """Mailed on request: export, erasure, change of address. `mark` is of the address it is mailed to."""
        return f"{self.base_url}/m/{self.tokens.make(Purpose.MANAGE, [subscription_id, mark], at=at)}"

    def new_address(self, *, change_id: int, at: datetime) -> str:
        """Mailed to the new address, to confirm a change."""
        return f"{self.base_url}/address/{self.tokens.make(Purpose.NEW_ADDRESS, [change_id], at=at)}"

    def old_address(self, *, change_id: int, at: datetime) -> str:
        """Mailed to the address there was, to stop a change."""
        return f"{self.base_url}/address/stop/{self.tokens.make(Purpose.OLD_ADDRESS, [change_id], at=at)}"

    def unsubscribe(self, *, subscription_id: int, mailing_id: int | None = None) -> str:
        """RFC 8058 one-click target and page in one; never expires, one list only."""
        payload = [subscription_id] if mailing_id is None else [subscription_id, mailing_id]
        return f"{self.base_url}/u/{self.tokens.make(Purpose.UNSUBSCRIBE, payload)}"

    def click(self, *, article_id: int, mailing_id: int, slot: int, variant: int = 0) -> str:
        """Leads to an article and counts it; names the place in the mail, never the reader."""
        return f"{self.base_url}/r/{self.tokens.make(Purpose.CLICK, [mailing_id, article_id, slot, variant])}"

    def blast_click(self, *, mailing_id: int, number: int, variant: int) -> str:
        """As `click`, for a link that an operator wrote; the variant is that of the mail's subject."""
        return f"{self.base_url}/b/{self.tokens.make(Purpose.BLAST_CLICK, [mailing_id, number, variant])}"

    def trap(self, *, mailing_id: int) -> str:
        """Stands in every mail of a mailing where no person sees it: who follows it is a machine."""
        return f"{self.base_url}/h/{self.tokens.make(Purpose.TRAP, [mailing_id])}"

    def widget_click(self, *, newsletter_id: int, article_id: int, slot: int) -> str:
        """As `click`, from a place in a popular list on the publisher's site."""
        return f"{self.base_url}/k/{self.widget_place(newsletter_id, article_id, slot)}"

    def widget_place(self, newsletter_id: int, article_id: int, slot: int) -> str:
        """Name a place in a list, for who reports that it was seen."""
        return self.tokens.make(Purpose.WIDGET, [newsletter_id, article_id, slot])

    def view(self, *, mailing_id: int, message_id: int) -> str:
        """One's own mail in the browser: names the ledger row, acts on nobody, and shows no address."""
        return f"{self.base_url}/v/{self.tokens.make(Purpose.VIEW, [mailing_id, message_id])}"

    def own_feed(self, *, subscription_id: int, generation: int) -> str:
        """What a reader's digests contained, as a feed; a later generation ends it."""
        return f"{self.base_url}/f/{self.tokens.make(Purpose.FEED, [subscription_id, generation])}"

    def archive(self, slug: str) -> str:
        """The editions of a newsletter, newest first."""
        return f"{self.newsletter(slug)}/archive"

    def latest(self, slug: str) -> str:
        """Leads to the newest edition, whichever it is."""
        return f"{self.newsletter(slug)}/latest"

    def edition(self, slug: str, *, period: str) -> str:
        """An edition as the public sees it: "2026-W48"."""
        return f"{self.newsletter(slug)}/e/{period}"

    def blast(self, slug: str, *, blast_id: int) -> str:
        return f"{self.newsletter(slug)}/b/{blast_id}"

    def topic(self, slug: str, *, topic: str) -> str:
        """The newest and the most read of one topic."""
        return f"{self.newsletter(slug)}/t/{topic}"

    def popular(self, slug: str) -> str:
        return f"{self.newsletter(slug)}/popular"

    def invitation(self, *, operator_id: int, generation: int, at: datetime) -> str:
        token = self.tokens.make(Purpose.INVITATION, [operator_id, generation], at=at)
        return f"{self.base_url}/console/invitation/{token}"

    def new_password(self, *, operator_id: int, mark: str, at: datetime) -> str:
        """For an operator who forgot theirs; the mark of the old password makes it work once."""
        token = self.tokens.make(Purpose.PASSWORD, [operator_id, mark], at=at)
        return f"{self.base_url}/console/password/{token}"

    def console(self) -> str:
        return f"{self.base_url}/console/"
