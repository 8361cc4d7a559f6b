"""Plots as drawings in the page: places on a canvas, worked out here and drawn by `_plots.html`. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 760, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 14, 28


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    #: "up" or "down", or "bar" where all go one way.
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid, or a day below it."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing. The words say what it shows to whoever does not see it."""

    words: str
    bars: tuple[Bar, ...] = ()
    #: SVG path of the line, "" for none.
    line: str = ""
    rows: tuple[Mark, ...] = ()
    days: tuple[Mark, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    zero: float = HEIGHT - _BOTTOM


def line(days: Sequence[date], values: Sequence[int], *, words: str) -> Plot:
    """Draw one value a day. The scale begins where the values do: it is about their change."""
    low, high = (min(values), max(values)) if values else (0, 1)
    spread = max(high - low, 4)
    low, high = max(low - spread // 8, 0), high + spread // 8 + 1
    place = _scale(low, high)
    points = [f"{x:.1f},{place(value):.1f}" for x, value in zip(_middles(days), values, strict=True)]
    path = "M" + " L".join(points) if len(points) > 1 else ""
    return Plot(words, line=path, rows=_rows(low, high), days=_days(days))


def columns(days: Sequence[date], values: Sequence[int], *, words: str) -> Plot:
    """Draw one column a day, from zero."""
    high = max([*values, 4])
    place = _scale(0, high)
    bars = _bars(days, values, place, zero=place(0), kind="bar")
    return Plot(words, bars=bars, rows=_rows(0, high), days=_days(days))


def both_ways(days: Sequence[date], up: Sequence[int], down: Sequence[int], *, words: str) -> Plot:
    """Draw what came above the line and what went below it."""
    high, low = max([*up, 2]), -max([*down, 2])
    place = _scale(low, high)
    zero = place(0)
    bars = _bars(days, up, place, zero=zero, kind="up")
    bars += _bars(days, [-value for value in down], place, zero=zero, kind="down")
    rows = (Mark(place(high), f"+{high:,}"), Mark(zero, "0"), Mark(place(low), f"−{-low:,}"))
    return Plot(words, bars=bars, rows=rows, days=_days(days), zero=zero)


def _scale(low: int, high: int) -> Callable[[float], float]:
    """Return where a value stands between the ends of the canvas."""
    unit = (HEIGHT - _TOP - _BOTTOM) / max(high - low, 1)
    return lambda value: HEIGHT - _BOTTOM - (value - low) * unit


def _bars(
    days: Sequence[date], values: Sequence[int], place: Callable[[float], float], *, zero: float, kind: str
) -> tuple[Bar, ...]:
    step = _step(days)
    width = max(step * 0.72, 1.0)
    found = []
    for x, value in zip(_middles(days), values, strict=True):
        y = place(value)
        found.append(Bar(x - width / 2, min(y, zero), width, abs(y - zero), kind))
    return tuple(each for each in found if each.height > 0)


def _rows(low: int, high: int) -> tuple[Mark, ...]:
    place = _scale(low, high)
    middle = (low + high) // 2
    return tuple(Mark(place(value), f"{value:,}") for value in sorted({low, middle, high}))


def _days(days: Sequence[date]) -> tuple[Mark, ...]:
    """Name about six of the days."""
    every = max(len(days) // 6, 1)
    named = list(zip(_middles(days), days, strict=True))[::every]
    return tuple(Mark(x, f"{day.day} {day:%b}") for x, day in named)


def _middles(days: Sequence[date]) -> list[float]:
    step = _step(days)
    return [_LEFT + step * (n + 0.5) for n in range(len(days))]


def _step(days: Sequence[date]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(len(days), 1)
