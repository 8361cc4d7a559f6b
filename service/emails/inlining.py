"""Moves the style sheet into style attributes: Gmail drops `<style>` for accounts of other providers."""

import css_inline

#: Marks a `<style>` that stays in the head as it is: media queries and the overrides of Outlook's dark mode.
_KEPT = ' data-css-inline="keep"'

# Nothing is fetched while rendering.
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=False, minify_css=True)


def inline_fragment(html: str, style_sheet: str) -> str:
    """Return a part of a body with these rules inlined, as they would be in the whole."""
    return _INLINER.inline_fragment(html, style_sheet)


def inline(html: str) -> str:
    """Return the document with its rules inlined."""
    return _INLINER.inline(html).replace(_KEPT, "")
