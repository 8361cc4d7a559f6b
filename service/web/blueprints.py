"""Every blueprint of the application, in one visible list."""

from flask import Blueprint

from service.web import health

BLUEPRINTS: tuple[Blueprint, ...] = (health.blueprint,)
