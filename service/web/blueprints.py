"""Every blueprint of the application, in one visible list."""

from flask import Blueprint

from service.web import health
from service.web.admin import (
    account,
    articles,
    blast_drafts,
    blasts,
    categories,
    editions,
    entrance,
    foreseen,
    live,
    messages,
    newsletters,
    operators,
    overview,
    queue,
    relays,
    senders,
    setup,
    sources,
    topics,
)
from service.web.readers import beacon, clicks, confirming, embed, frame, front, leaving, preferences, sign_up

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.blueprint,
    front.blueprint,
    sign_up.blueprint,
    frame.blueprint,
    embed.blueprint,
    confirming.blueprint,
    preferences.blueprint,
    leaving.blueprint,
    clicks.blueprint,
    beacon.blueprint,
    setup.blueprint,
    entrance.blueprint,
    account.blueprint,
    overview.blueprint,
    queue.blueprint,
    relays.blueprint,
    messages.blueprint,
    editions.blueprint,
    foreseen.blueprint,
    articles.blueprint,
    blasts.blueprint,
    blast_drafts.blueprint,
    live.blueprint,
    newsletters.blueprint,
    topics.blueprint,
    senders.blueprint,
    sources.blueprint,
    categories.blueprint,
    operators.blueprint,
)
