"""The mail that tries one relay, for the operator who asked."""

from collections.abc import Sequence

from service.delivery import mime
from service.delivery.allotment import ONLY_RELAY
from service.delivery.due import Due
from service.delivery.ports import Skip
from service.emails.letters import RelayTestLetter
from service.emails.rendering import render
from service.languages.offered import SOURCE
from service.newsletters import queries as newsletters
from service.newsletters.letterhead import letterhead
from service.prepare.desk import Answer, Desk


def relay_test(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose it as every mail is composed, under the first newsletter's sender."""
    operators = desk.operators(messages)
    newsletter = next(iter(newsletters.list_all(desk.session)), None)

    def one(message: Due) -> Answer:
        operator = operators.get(message.operator_id or 0)
        if operator is None or operator.disabled_at is not None or newsletter is None:
            return Skip(message, "erased")
        asked = message.created_at
        letter = RelayTestLetter(
            letterhead=letterhead(newsletter, locale=SOURCE, links=desk.links),
            relay=str(message.details[ONLY_RELAY]),
            asked_at=f"{asked.day} {asked:%B %Y, %H:%M} UTC",
        )
        content = render(letter)
        return desk.to_operator(
            message, operator, newsletter, content.subject, mime.body_of(content), date=asked
        )

    return [one(message) for message in messages]
