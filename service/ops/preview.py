"""A recipe as its readers got it, with links that act on nobody."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.emails.letters import EmailContent, SubscriberLinks
from service.errors import NotFound
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes import composing
from service.recipes.models import Recipe


def of_recipe(session: Session, recipe_id: int, *, mailing_id: int, links: Links) -> EmailContent:
    """Compose a recipe for nobody in particular.

    :raises NotFound: the mailing has no such recipe.
    """
    recipe = session.scalars(
        select(Recipe).where(Recipe.id == recipe_id, Recipe.mailing_id == mailing_id)
    ).one_or_none()
    if recipe is None:
        raise NotFound("There is no such digest in this edition.")
    newsletter = session.get_one(Newsletter, recipe.newsletter_id)
    page = links.newsletter(newsletter.slug)
    sample = SubscriberLinks(
        unsubscribe_url=page,
        preferences_url=page,
        view_url=page,
        reason=f"Here every reader finds the topics and the rhythm they chose from {newsletter.name}.",
    )
    return composing.compose(session, recipe, composing.reader_values(sample))
