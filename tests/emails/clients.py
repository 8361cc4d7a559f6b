"""Which mail programs show what: facts of caniemail.com as of June 2026, for what our mails use.

One letter a program: y shows it, a shows part of it, n ignores it; of a family (Gmail's apps, Outlook beside
the one for Windows) the worst counts. Whatever is new in a mail has to be looked up and written down here.
"""

CLIENTS = (
    *("Gmail web", "Gmail apps", "Outlook for Windows", "Outlook web, Mac and mobile"),
    *("Apple Mail", "Yahoo", "Samsung"),
)

_FACTS = """
at @media                aanayaa
at prefers-color-scheme  nnnyyny
at max-width             aanyyaa
attribute align          yyyayyy
attribute alt            yyyyyyy
attribute aria-hidden    yyyyyny
attribute aria-label     yyyyyny
attribute bgcolor        yyyyyyy
attribute border         yyyyyyy
attribute cellpadding    yyyyyyy
attribute cellspacing    yyyyyyy
attribute class          yyyyyyy
attribute dir            yyayyyy
attribute height         yyayyyy
attribute href           yyyyyyy
attribute lang           yyyyyay
attribute role           yyyyyay
attribute src            yyyyyyy
attribute start          yyyyyyy
attribute style          yyyyyyy
attribute valign         yyyyyyy
attribute width          yyayyyy
css background-color     yyyyyyy
css border               yyayyyy
css border-bottom        yyayyyy
css border-color         yyayyyy
css border-left          yyayyyy
css border-radius        yynyyay
css border-right         yyayyyy
css border-top           yyayyyy
css border-top-color     yyayyyy
css color                yyyyyyy
css direction            yyyyyyy
css display              yaayyay
css font-family          yyyyyyy
css font-size            yyayyaa
css font-style           yyyyyyy
css font-weight          yyayyay
css height               yyayyny
css hyphens              nnnnyny
css -webkit-hyphens      nnnnyny
css letter-spacing       yyayyyy
css line-height          yyayyyy
css margin               aaaayay
css max-width            yyayyyy
css padding              yyayyyy
css padding-bottom       yyayyyy
css padding-left         yyayyyy
css padding-right        yyayyyy
css padding-top          yyayyyy
css text-align           yaaayaa
css text-decoration      yaayyyy
css text-transform       yyayyyy
css white-space          yanyyan
css width                yyayyyy
css word-break           yayaana
css word-wrap            aannyyy
html a                   yyyyyyy
html b                   yyyyyyy
html blockquote          yyyyyyy
html body                aaynyny
html br                  yyyyyyy
html code                yyyyyyy
html div                 yyyyyyy
html em                  yyyyyyy
html h1                  yyyyyyy
html h2                  yyyyyyy
html h3                  yyyyyyy
html h4                  yyyyyyy
html head                yyyyyyy
html hr                  yyyyyyy
html html                yyyyyyy
html i                   yyyyyyy
html img                 yyyyyyy
html li                  yyyyyyy
html meta                yyyyyyy
html ol                  aaaayay
html p                   yyyyyyy
html pre                 yyyyyyy
html s                   yayyyyy
html span                yyyyyyy
html strong              yyyyyyy
html style               aaayyyy
html table               yyyyyyy
html tbody               yyyyyyy
html td                  yyyyyyy
html th                  yyyyyyy
html thead               yyyyyyy
html title               yyyyyyy
html tr                  yyyyyyy
html ul                  aaaayay
selector attribute       aanayay
selector class           yayyyyy
selector descendant      yayyyyy
selector type            yayyyyy
unit %                   yyyyyyy
unit px                  yyyyyyy
"""

SUPPORT = {
    f"{kind} {name}": letters for kind, name, letters in (line.split() for line in _FACTS.strip().split("\n"))
}

#: Ignored by some program, and why the mail is good without it.
ENHANCEMENTS = {
    "at @media": "Outlook for Windows has no narrow screens and inverts colours itself",
    "at prefers-color-scheme": "elsewhere the mail is light, or inverted by the program; both are readable",
    "at max-width": "without it the same columns are shown, narrower",
    "attribute aria-hidden": "Yahoo reads out that a small picture leads where its headline leads",
    "attribute aria-label": "the title of the document says the same",
    "css border-radius": "corners are square",
    "css height": "only in media queries, beside the attribute, and for an empty row",
    "css hyphens": "long words break anywhere",
    "css -webkit-hyphens": "long words break anywhere",
    "css white-space": "a link may break in two lines",
    "css word-break": "a very long word makes the column wider",
    "css word-wrap": "a very long word in an operator's code makes the column wider",
    "html body": "its colours are repeated on the first div and cell",
    "selector attribute": "only for Outlook's own dark mode, which understands it",
}

#: Shown in part by some program: to which part a mail keeps. The tests look at those with values.
PARTLY = {
    "attribute align": "of cells, and of tables only to the centre",
    "attribute dir": "not on links",
    "attribute height": "in pixels, on pictures",
    "attribute lang": "on html, body, and a div; not on cells",
    "attribute role": "on tables and one div",
    "attribute width": "in pixels, or 100 % of tables",
    "css border": "at most 8 px wide",
    "css border-bottom": "of cells",
    "css border-color": "of cells",
    "css border-left": "of a quotation",
    "css border-right": "of a quotation",
    "css border-top": "of cells",
    "css border-top-color": "of cells",
    "css display": "block of pictures, inline-block of a button and a logo, block of cells on narrow screens",
    "css font-size": "in pixels",
    "css font-weight": "bold and normal, no numbers",
    "css letter-spacing": "in pixels, and little",
    "css line-height": "in pixels",
    "css margin": "of blocks, neither negative nor auto",
    "css max-width": "of tables and pictures, which have a width attribute or a table of 600 around them",
    "css padding": "of cells; of a button's link, whose cell is coloured too",
    "css padding-bottom": "of cells",
    "css padding-left": "of cells",
    "css padding-right": "of cells",
    "css padding-top": "of cells",
    "css text-align": "left, right and center, with the attribute beside it",
    "css text-decoration": "underline and none",
    "css text-transform": "uppercase",
    "css width": "100 % of tables; pictures have the attribute",
    "html ol": "without reversed, and values of its own",
    "html ul": "without values of its own",
    "html s": "text that is struck out reads as text",
    "html style": "in the head, below 16 KB; what matters is inline",
    "selector class": "what matters is inline",
    "selector descendant": "what matters is inline",
    "selector type": "what matters is inline",
}
