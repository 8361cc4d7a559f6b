"""Every page of the console, one line each: checked for accessibility, photographed for people.

A new console route without a line here (or a reason in `NO_PAGE`) fails a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.test import TestResponse

from tests.looks.desk import Desk

#: Routes that lead to no page of ours.
NO_PAGE = {
    "console_live.stream": "a stream of events for pages that are open",
    "console_audit.file": "a file to keep",
    "console_reports.days_file": "a file to keep",
    "console_reports.mailings_file": "a file to keep",
    "console_mailing_report.links_file": "a file to keep",
    "console_factors.passkey_options": "data for the script of a page",
    "console_second_step.passkey_options": "data for the script of a page",
    "console_second_step.show": "only between a password and a code; its own test looks at it",
    "console_blast_checks.nothing_typed": "leads back to the list of blasts",
    # Mails in frames: tests/emails looks at mails.
    "console_blasts.mail": "a mail",
    "console_editions.recipe_mail": "a mail",
    "console_foreseen.mail": "a mail",
    "console_branding.mail_specimen": "a mail",
    "console_mailing_report.mail_map": "a mail",
    "console_branding.page_specimen": "a page of readers",
}


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A page by its name in lists and files, the route that answers, and where it is."""

    name: str
    endpoint: str
    path: Callable[[Desk], str]
    signed_in: bool = True
    status: int = 200

    def visit(self, desk: Desk) -> TestResponse:
        answer = desk.get(self.path(desk), signed_in=self.signed_in)
        assert answer.status_code == self.status, f"{self.name}: {answer.status}"
        return answer


def _at(name: str, endpoint: str, path: str, **values: bool | int) -> ConsolePage:
    """A page whose address names nothing, or what a desk has: {draft} is the id of its draft."""

    def filled(desk: Desk) -> str:
        return path.format_map(_Ids(desk))

    return ConsolePage(name, f"console_{endpoint}", filled, **values)  # type: ignore[arg-type]  # each key has its type


class _Ids(dict[str, object]):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __missing__(self, name: str) -> object:
        found = getattr(self._desk, name)
        return getattr(found, "id", found)


PAGES = (
    _at("login", "entrance.login", "/console/login", signed_in=False),
    _at("forgotten", "forgotten.show", "/console/forgotten", signed_in=False),
    _at("new-password", "forgotten.new_password", "{password}", signed_in=False),
    _at("invitation", "entrance.invitation", "{invitation}", signed_in=False),
    _at("invitation-used", "entrance.invitation", "/console/invitation/x.y", signed_in=False, status=404),
    _at("setup", "setup.show", "{setup}", signed_in=False),
    _at("setup-closed", "setup.closed_door", "/setup", signed_in=False),
    _at("overview", "overview.index", "/console/"),
    _at("account", "account.index", "/console/account/"),
    _at("confirm", "confirm.show", "/console/confirm?next=/console/audit/"),
    _at("factors", "factors.index", "/console/account/second-factor/"),
    _at("factors-app", "factors.app", "/console/account/second-factor/app"),
    _at("articles", "articles.index", "/console/articles/"),
    _at("article", "articles.show", "/console/articles/{article}?find=the"),
    _at("curations", "articles.list_curations", "/console/articles/curations"),
    _at("audit", "audit.index", "/console/audit/"),
    _at("blasts", "blasts.index", "/console/blasts/"),
    _at("blast-new", "blast_audience.new", "/console/blasts/new"),
    _at("blast-draft", "blasts.blast", "/console/blasts/{draft}"),
    _at("blast-draft-text", "blasts.blast", "/console/blasts/{draft}?look=text"),
    _at("blast-scheduled", "blasts.blast", "/console/blasts/{scheduled}"),
    _at("blast-going", "blasts.blast", "/console/blasts/{going}"),
    _at("blast-audience", "blast_audience.edit", "/console/blasts/{draft}/audience"),
    _at("blast-text", "blast_drafts.edit", "/console/blasts/{draft}/edit"),
    _at("blast-plan", "blast_plans.edit", "/console/blasts/{draft}/plan"),
    _at("blast-send", "blasts.confirm", "/console/blasts/{draft}/send"),
    _at("blast-cancel", "blasts.ask_to_cancel", "/console/blasts/{going}/cancel"),
    _at("blast-rules", "blast_rules.index", "/console/blasts/rules"),
    _at("segments", "segments.index", "/console/blasts/segments/"),
    _at("segment", "segments.segment", "/console/blasts/segments/{segment_id}"),
    _at("segment-new", "segments.new", "/console/blasts/segments/new?newsletter={newsletter}"),
    _at("calendar", "calendar.index", "/console/calendar/"),
    _at("pool", "pool.index", "/console/pool/"),
    _at("pool-topic", "pool.topic", "/console/pool/{topic_id}"),
    _at("pool-pin", "pool.pin", "/console/pool/pin/{article}"),
    _at("categories", "categories.index", "/console/categories/"),
    _at("editions", "editions.index", "/console/editions/"),
    _at("edition", "editions.edition", "/console/editions/{edition}"),
    _at("recipe", "editions.recipe", "/console/editions/{edition}/recipes/{recipe}"),
    _at("kept", "kept.show", "/console/kept/{kept_id}"),
    _at("newsletters", "newsletters.index", "/console/newsletters/"),
    _at("newsletter", "newsletters.edit", "/console/newsletters/{newsletter}"),
    _at("newsletter-new", "newsletters.new", "/console/newsletters/new"),
    _at("branding", "branding.index", "/console/newsletters/{newsletter}/branding/"),
    _at("sign-up-form", "signup_forms.index", "/console/newsletters/{newsletter}/form/"),
    _at("topics", "topics.index", "/console/newsletters/{newsletter}/topics/"),
    _at("topic", "topics.edit", "/console/newsletters/{newsletter}/topics/{topic_id}"),
    _at(
        "topic-close",
        "topic_endings.ask_to_close",
        "/console/newsletters/{newsletter}/topics/{topic_id}/close",
    ),
    _at(
        "topic-merge",
        "topic_endings.ask_to_merge",
        "/console/newsletters/{newsletter}/topics/{topic_id}/merge",
    ),
    _at("settings", "settings.index", "/console/settings/"),
    _at("settings-topic", "settings.topic", "/console/settings/topics/{topic_id}"),
    _at("dns", "domains.index", "/console/settings/dns/"),
    _at("dns-domain", "domains.domain", "/console/settings/dns/domain?name=courier.example"),
    _at("relay", "relay.relay", "/console/relays/relay?relay={relay}"),
    _at("foreseen", "foreseen.reader", "/console/next/?reader={reader}"),
    _at("foreseen-edition", "foreseen.edition", "/console/next/edition?rhythm=weekly"),
    _at("operators", "operators.index", "/console/operators/"),
    _at("operator", "operators.operator", "/console/operators/{other}"),
    _at("sign-in-rules", "sign_in_rules.index", "/console/operators/rules"),
    _at("popular-list", "widget.index", "/console/popular-list/"),
    _at("queue", "queue.index", "/console/queue/"),
    _at("mailing", "queue.mailing", "/console/queue/{mailing}"),
    _at("mailing-retry", "rescue.ask_to_retry", "/console/queue/{mailing}/retry"),
    _at("mailing-resume", "queue.ask_to_resume", "/console/queue/{mailing}/resume"),
    _at("blast-resume", "blasts.ask_to_resume", "/console/blasts/{going}/resume"),
    _at("mailing-stop", "queue.ask_to_stop", "/console/queue/{mailing}/stop"),
    _at("mailing-unknown", "rescue.ask_about_unknown", "/console/queue/{mailing}/unknown"),
    _at("errors", "trouble.index", "/console/queue/errors?period=day"),
    _at("limit", "limits.ask", "/console/queue/limit?name=all"),
    _at("limit-domain", "limits.ask_for_domain", "/console/queue/limit/domain?domain=example.org"),
    _at("messages", "messages.index", "/console/queue/messages/"),
    _at("messages-none", "messages.index", "/console/queue/messages/?state=failed&domain=nowhere.example"),
    _at("message", "messages.message", "/console/queue/messages/{mailing}/{failed}"),
    _at("pause-all", "queue.ask_to_pause_all", "/console/queue/pause-all"),
    _at("readers", "readers.index", "/console/readers/?state=active"),
    _at("reader", "readers.reader", "/console/readers/{reader_id}"),
    _at("reader-merge", "reader_merging.ask", "/console/readers/{second_id}/merge/{reader_id}"),
    _at("reader-erase", "reader_acts.ask_to_erase", "/console/readers/{reader_id}/erase"),
    _at(
        "reader-preferences", "reader_preferences.show", "/console/readers/{reader_id}/subscriptions/{reader}"
    ),
    _at("relays", "relays.index", "/console/relays/"),
    _at("relay-hold", "relays.ask_to_hold", "/console/relays/hold?relay={relay}"),
    _at("reports", "reports.index", "/console/reports/"),
    _at("mailing-report", "mailing_report.show", "/console/reports/{mailing}"),
    _at("senders", "senders.index", "/console/senders/"),
    _at("sender", "senders.edit", "/console/senders/{sender_id}"),
    _at("sender-new", "senders.new", "/console/senders/new"),
    _at("sign-ups", "signups.index", "/console/signups/"),
    _at("sources", "sources.index", "/console/sources/"),
    _at("source", "sources.edit", "/console/sources/{source_id}"),
    _at("source-new", "sources.new", "/console/sources/new/{newsletter}"),
    _at("suppressions", "suppressions.index", "/console/suppressions/"),
    _at("suppression-lift", "suppressions.ask_to_lift", "/console/suppressions/{suppression_id}/lift"),
    _at("error-404", "overview.index", "/console/queue/999999", status=404),
)
