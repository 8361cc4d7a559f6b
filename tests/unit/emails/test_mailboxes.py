"""Addresses of senders and operators: read, or refused with a sentence."""

import pytest

from service.emails import mailboxes
from service.errors import InvalidInput


def test_a_mailbox_is_kept_as_typed_with_its_domain_as_the_net_writes_it() -> None:
    assert mailboxes.parse(" Ann.Lee@Käse.example ", field="email") == "Ann.Lee@xn--kse-qla.example"


@pytest.mark.parametrize(
    "typed", ["", "news", "käse@example.org", "=?UTF-8?Q?news?=@example.org", f"{'x' * 300}@example.org"]
)
def test_a_mailbox_that_no_header_can_hold_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        mailboxes.parse(typed, field="email")
    assert refusal.value.field == "email"
