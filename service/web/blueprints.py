"""Every blueprint of the application, in one visible list."""

from flask import Blueprint

from service.web import health
from service.web.admin import account, entrance

BLUEPRINTS: tuple[Blueprint, ...] = (
    health.blueprint,
    entrance.blueprint,
    account.blueprint,
)
