"""Reads a page the way a browser without scripts does: its text, its links, its forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from service.selftest.checks import CheckFailed

_SILENT = frozenset({"script", "style", "title", "svg"})
_TICKED = frozenset({"checkbox", "radio"})


@dataclass(frozen=True, slots=True)
class Button:
    """What can be pressed; a button without a name sends nothing of its own."""

    label: str
    name: str
    value: str


@dataclass(slots=True)
class Control:
    """One field as the page gives it; only what is `on` is sent."""

    name: str
    kind: str
    value: str
    label: str = ""
    on: bool = True
    #: (value, what a person reads) of a select.
    options: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Form:
    """A form and what is filled in so far."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(control.name == name for control in self.controls)

    def is_about(self, label: str) -> bool:
        """Say whether one of its fields or buttons has these words."""
        labels = [control.label for control in self.controls] + [button.label for button in self.buttons]
        return any(label in one for one in labels)

    def value(self, name: str) -> str:
        """Return what a field would send; an empty string if it would send nothing."""
        return next((one.value for one in self.controls if one.name == name and one.on), "")

    def fill(self, **values: str) -> "Form":
        """Write into fields, or choose of radio buttons and selects by value."""
        for name, value in values.items():
            found = [control for control in self.controls if control.name == name]
            if not found:
                raise CheckFailed(f"The form has no field “{name}”")
            for control in found:
                if control.kind == "radio":
                    control.on = control.value == value
                else:
                    control.value = value
        return self

    def choose(self, name: str, label: str) -> "Form":
        """Choose the option of a select that a person reads as `label`."""
        for control in self.controls:
            for value, words in control.options:
                if control.name == name and words == label:
                    control.value = value
                    return self
        raise CheckFailed(f"The form offers no “{label}”")

    def tick(self, name: str, *labels: str) -> "Form":
        """Tick the boxes of this name whose label begins like one of these, and clear the others."""
        boxes = [one for one in self.controls if one.name == name and one.kind == "checkbox"]
        for label in labels:
            if not any(box.label.startswith(label) for box in boxes):
                raise CheckFailed(f"The form has no box “{label}”")
        for box in boxes:
            box.on = not labels or any(box.label.startswith(label) for label in labels)
        return self

    def clear(self, name: str) -> "Form":
        """Take the tick off every box of this name."""
        for box in self.controls:
            if box.name == name and box.kind == "checkbox":
                box.on = False
        return self

    def pairs(self, button: Button | None) -> list[tuple[str, str]]:
        """Return what the browser sends when this button is pressed."""
        sent = [(one.name, one.value) for one in self.controls if one.on and one.name]
        return [*sent, (button.name, button.value)] if button is not None and button.name else sent


class Reader(HTMLParser):
    """Collects the parts of one page; broken markup is read as far as it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self._in: list[str] = []
        self._form: Form | None = None
        self._href: str | None = None
        self._href_words: list[str] = []
        self._button: dict[str, str] | None = None
        self._button_words: list[str] = []
        self._label: dict[str, str] | None = None
        self._label_words: list[str] = []
        self._label_controls: list[Control] = []
        self._labels_for: dict[str, str] = {}
        self._ids: list[tuple[str, Control]] = []
        self._open: Control | None = None
        self.alerts: list[str] = []
        #: The tag of the alert that is being read, and how many of its kind are open inside.
        self._alert: tuple[str, int] | None = None

    @property
    def text(self) -> str:
        """The visible words, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def close(self) -> None:
        super().close()
        for identity, control in self._ids:
            control.label = control.label or self._labels_for.get(identity, "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._follow_alert(tag, 1, begins=values.get("role") == "alert")
        if tag in _SILENT:
            self._in.append(tag)
        elif tag == "a" and "href" in values:
            self._href, self._href_words = values["href"], []
        elif tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "label":
            self._label, self._label_words, self._label_controls = values, [], []
        elif tag == "button":
            self._button, self._button_words = values, []
        elif tag in {"input", "select", "textarea"}:
            self._start_control(tag, values)
        elif tag == "option" and self._open is not None:
            self._open.options.append((values.get("value", ""), ""))
            if "selected" in values or len(self._open.options) == 1:
                self._open.value = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._follow_alert(tag, -1)
        if self._in and tag == self._in[-1]:
            self._in.pop()
        elif tag == "a" and self._href is not None:
            self.links.append((_joined(self._href_words), self._href))
            self._href = None
        elif tag == "form":
            self._form = None
        elif tag == "label":
            self._end_label()
        elif tag == "button" and self._button is not None:
            self._end_button(self._button)
        elif tag in {"select", "textarea"}:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._in:
            if self._in[-1] == "title" and len(self._in) == 1:
                self.title += data
            return
        if self._open is not None and self._open.kind == "textarea":
            self._open.value += data
            return
        if self._open is not None and self._open.options:
            value, before = self._open.options[-1]
            self._open.options[-1] = (value, _joined([before, data]))
            return
        self.words.append(data)
        if self._alert is not None:
            self.alerts[-1] += data
        for words in (self._href_words, self._button_words, self._label_words):
            words.append(data)

    def _follow_alert(self, tag: str, step: int, *, begins: bool = False) -> None:
        if self._alert is None:
            if begins:
                self._alert = (tag, 1)
                self.alerts.append("")
        elif tag == self._alert[0]:
            depth = self._alert[1] + step
            self._alert = (tag, depth) if depth else None

    def _start_control(self, tag: str, values: dict[str, str]) -> None:
        kind = values.get("type", "text") if tag == "input" else tag
        if kind in {"submit", "button", "image", "reset", "file"}:
            return
        control = Control(values.get("name", ""), kind, values.get("value", ""))
        if kind in _TICKED:
            control.value = values.get("value", "on")
            control.on = "checked" in values
        if "disabled" in values:
            control.on = False
        if tag != "input":
            self._open = control
        if values.get("id"):
            self._ids.append((values["id"], control))
        if self._label is not None:
            self._label_controls.append(control)
        if self._form is not None:
            self._form.controls.append(control)

    def _end_label(self) -> None:
        if self._label is None:
            return
        words = _joined(self._label_words)
        for control in self._label_controls:
            control.label = words
        if self._label.get("for"):
            self._labels_for[self._label["for"]] = words
        self._label = None

    def _end_button(self, values: dict[str, str]) -> None:
        if self._form is not None and values.get("type", "submit") == "submit":
            label = _joined(self._button_words)
            self._form.buttons.append(Button(label, values.get("name", ""), values.get("value", "")))
        self._button = None


def read(html: str) -> Reader:
    """Read a page."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def _joined(words: list[str]) -> str:
    return " ".join("".join(words).split())
