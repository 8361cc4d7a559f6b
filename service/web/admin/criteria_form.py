"""The form of an audience: conditions that must all hold. Blasts and segments have the same one."""

from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from service.blasts import handmade
from service.blasts.criteria import Criteria
from service.blasts.handmade import Matched
from service.errors import InvalidInput
from service.languages.offered import OFFERED
from service.newsletters.models import Newsletter
from service.ops import audiences
from service.subscribers.choices import RHYTHMS
from service.web.admin.fields import ConsoleForm, option
from service.web.context import now

#: How a reader can stand to a mailing.
RELATIONS = (
    ("", "It does not matter"),
    ("got", "Only who got it"),
    ("missed", "Only who was to get it and did not"),
    ("without", "Only who did not get it, for whatever reason"),
)


def _checkboxes(label: str, **options: Any) -> SelectMultipleField:
    return SelectMultipleField(
        label, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False), **options
    )


class CriteriaForm(ConsoleForm):
    topics_any = _checkboxes("At least one of", coerce=int)
    topics_all = _checkboxes("All of", coerce=int)
    topics_none = _checkboxes("None of", coerce=int)
    rhythms = _checkboxes("Rhythm", choices=[option(each.value, each.value.capitalize()) for each in RHYTHMS])
    locales = _checkboxes("Language", choices=[option(*each) for each in OFFERED.items()])
    zones = StringField("Time zones")
    joined_after = DateField("Joined on or after", [Optional()])
    joined_before = DateField("Joined on or before", [Optional()])
    clicked_days = IntegerField("Followed a link in the last … days", [Optional()])
    relation = RadioField("An earlier mailing", choices=[option(*each) for each in RELATIONS], default="")
    mailing = SelectField("Which one", coerce=int, default=0, validate_choice=False)
    keep_list = BooleanField("Only readers of the list made by hand")
    addresses = TextAreaField("Addresses")

    def offer(self, session: Session, newsletter: Newsletter) -> "CriteriaForm":
        """Offer the newsletter's topics and mailings."""
        topics = [option(topic.id, topic.name) for topic in newsletter.open_topics]
        for field in (self.topics_any, self.topics_all, self.topics_none):
            field.choices = topics
        sent = audiences.mailings_of(session, newsletter.id)
        self.mailing.choices = [option(0, "Choose a mailing")] + [
            option(key, f"{title} ({at:%-d %b %Y})") for key, title, at in sent
        ]
        return self

    def criteria(
        self, session: Session, newsletter: Newsletter, *, before: Criteria
    ) -> tuple[Criteria, Matched | None]:
        """Return what is asked for, and what became of a pasted list, if there is one.

        `before` has the list that may be kept: its members are in no form.

        :raises InvalidInput: a zone or mailing is not known, or the list cannot be read.
        """
        matched, listed = None, before.listed if self.keep_list.data else None
        pasted = (self.addresses.data or "").strip()
        if pasted:
            matched = handmade.match(session, newsletter.id, pasted, now=now())
            listed = matched.subscription_ids
        relation, mailing = self.relation.data or "", self.mailing.data or 0
        if relation and mailing not in {key for key, _, _ in audiences.mailings_of(session, newsletter.id)}:
            raise InvalidInput("Choose which mailing is meant.", field="mailing")
        found = Criteria(
            topics_any=tuple(self.topics_any.data or ()),
            topics_all=tuple(self.topics_all.data or ()),
            topics_none=tuple(self.topics_none.data or ()),
            rhythms=tuple(self.rhythms.data or ()),
            locales=tuple(self.locales.data or ()),
            zones=_zones(self.zones.data or ""),
            joined_after=self.joined_after.data,
            joined_before=self.joined_before.data,
            clicked_days=self.clicked_days.data if newsletter.recognises else None,
            served=before.served,
            listed=listed,
            **({relation: mailing} if relation else {}),
        )
        return found, matched


def filled(criteria: Criteria) -> CriteriaForm:
    """Return the form as the criteria stand."""
    relation = next((name for name, _ in RELATIONS if name and getattr(criteria, name) is not None), "")
    return CriteriaForm(
        formdata=None,
        topics_any=criteria.topics_any,
        topics_all=criteria.topics_all,
        topics_none=criteria.topics_none,
        rhythms=criteria.rhythms,
        locales=criteria.locales,
        zones=", ".join(criteria.zones),
        joined_after=criteria.joined_after,
        joined_before=criteria.joined_before,
        clicked_days=criteria.clicked_days,
        relation=relation,
        mailing=getattr(criteria, relation) if relation else 0,
        keep_list=criteria.listed is not None,
    )


def _zones(typed: str) -> tuple[str, ...]:
    zones = tuple(zone.strip() for zone in typed.split(",") if zone.strip())
    unknown = [zone for zone in zones if zone not in available_timezones()]
    if unknown:
        raise InvalidInput(
            f"“{unknown[0][:60]}” is no time zone; they look like Europe/Berlin.", field="zones"
        )
    return zones
