"""Every mail as it was last agreed on. After a wanted change: `REFRESH_MAILS=1 make test ARGS=tests/emails`.

The files in `snapshots/` are what readers get; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

from service.emails.rendering import render
from tests.emails.variants import EVERY

SNAPSHOTS = Path(__file__).with_name("snapshots")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("part", ["txt", "html"])
def test_the_mail_is_as_agreed(name: str, part: str) -> None:
    content = render(EVERY[name])
    now = content.html if part == "html" else f"Subject: {content.subject}\n\n{content.text}"
    agreed = SNAPSHOTS / f"{name}.{part}"
    if os.environ.get("REFRESH_MAILS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        agreed.write_text(now, encoding="utf-8")
    assert now == agreed.read_text(encoding="utf-8")


def test_no_snapshot_is_left_of_a_mail_that_is_gone() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(EVERY)
