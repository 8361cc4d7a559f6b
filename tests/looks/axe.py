"""What axe-core finds on the page that is shown."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

#: Fails a test; what is minor or moderate is for people to judge.
GRAVE = {"serious", "critical"}


def grave_findings(page: Page, *, only: tuple[str, ...] = ()) -> list[str]:
    """Return each finding in a line; `only` names the rules to ask, otherwise all are."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "elementRef": False}
    # Mails in frames run no script that could answer; axe would wait for each.
    options["iframes"] = False
    # What it would fetch of style sheets serves rules that we do not ask.
    options["preload"] = False
    if only:
        options["runOnly"] = {"type": "rule", "values": list(only)}
    found = page.evaluate("options => axe.run(document, options).then(found => found.violations)", options)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
