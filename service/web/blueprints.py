"""Every blueprint of the application, in one visible list."""

from flask import Blueprint

from service.web import health
from service.web.admin import (
    account,
    categories,
    entrance,
    newsletters,
    operators,
    senders,
    setup,
    sources,
    topics,
)
from service.web.readers import clicks, confirming, front, leaving, preferences, sign_up

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.blueprint,
    front.blueprint,
    sign_up.blueprint,
    confirming.blueprint,
    preferences.blueprint,
    leaving.blueprint,
    clicks.blueprint,
    setup.blueprint,
    entrance.blueprint,
    account.blueprint,
    newsletters.blueprint,
    topics.blueprint,
    senders.blueprint,
    sources.blueprint,
    categories.blueprint,
    operators.blueprint,
)
