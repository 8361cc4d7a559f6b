"""The page of one article, for every view that answers with it."""

from flask import render_template, request

from service.digests import curations
from service.ops import articles
from service.web.admin.bars import Bar
from service.web.admin.curation_form import CurationForm
from service.web.context import now, runtime

#: Articles that a search for the same story shows.
_FOUND = 12


def render(article_id: int, *, form: CurationForm | None = None, problem: str = "") -> str:
    """Show the article with a form as it was sent, or with what a decision about its story lacks."""
    form = CurationForm(formdata=None) if form is None else form
    words = request.values.get("find", "")[:300].replace("\0", "")
    with runtime().sessions() as session:
        view = articles.get(session, article_id, now=now())
        form.offer(view.newsletter.open_topics)
        return render_template(
            "admin/article.html",
            view=view,
            form=form,
            longest_reason=curations.LONGEST_REASON,
            bar_of=Bar.of,
            found=articles.find_for_story(session, view.article, words, limit=_FOUND),
            words=words,
            problem=problem,
        )
