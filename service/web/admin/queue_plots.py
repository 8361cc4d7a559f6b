"""Plots as plain drawings: places of lines and bars, which templates only write down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.delivery.models import Stream
from service.ops.traffic import Day, Minutes

#: Units of the drawings; the page scales them.
SPARK_WIDTH, SPARK_HEIGHT = 180, 28
DAY_WIDTH, DAY_HEIGHT = 960, 200
#: From the bottom of a bar to its top.
STACK = (Stream.TRANSACTIONAL, Stream.DIGEST, Stream.BLAST)


@dataclass(frozen=True, slots=True)
class Spark:
    """An hour in a line of text: what left a queue as an area, what came in as a line above it."""

    area: str
    line: str
    came: int
    left: int
    highest: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One stream's part of a quarter of an hour."""

    stream: Stream
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class DayPlot:
    """A day: bars of what was sent, a stepped line of what was planned, and where the scale has its marks."""

    bars: tuple[Bar, ...]
    bar_width: float
    planned: str
    #: (height, number)
    levels: tuple[tuple[float, int], ...]
    #: (place, hour)
    hours: tuple[tuple[float, datetime], ...]


def spark(minutes: Minutes) -> Spark:
    """Draw one queue's last hour."""
    highest = max([*minutes.came, *minutes.left, 0])
    points = _points(minutes.left, highest)
    area = f"M0 {SPARK_HEIGHT}L{points}L{SPARK_WIDTH} {SPARK_HEIGHT}Z" if any(minutes.left) else ""
    line = f"M{_points(minutes.came, highest)}" if any(minutes.came) else ""
    return Spark(area, line, sum(minutes.came), sum(minutes.left), highest)


def day_plot(day: Day) -> DayPlot:
    """Draw the last 24 hours."""
    top = nice(max((max(each.planned, each.all_sent) for each in day.quarters), default=0))
    step = DAY_WIDTH / max(1, len(day.quarters))
    bars: list[Bar] = []
    path = ""
    for place, quarter in enumerate(day.quarters):
        x, y = place * step, float(DAY_HEIGHT)
        for stream in STACK:
            height = DAY_HEIGHT * quarter.sent.get(stream, 0) / top
            if height:
                y -= height
                bars.append(Bar(stream, round(x, 1), round(y, 2), round(height, 2)))
        level = round(DAY_HEIGHT * (1 - quarter.planned / top), 2)
        path += f"{'L' if path else 'M'}{x:.1f} {level}H{x + step:.1f}"
    return DayPlot(
        bars=tuple(bars),
        bar_width=round(step - 1, 2),
        planned=path if day.planned else "",
        levels=tuple((DAY_HEIGHT * (1 - part / 2), round(top * part / 2)) for part in (1, 2)),
        hours=tuple(
            (round(place * step, 1), quarter.at)
            for place, quarter in enumerate(day.quarters)
            if quarter.at.minute == 0 and quarter.at.hour % 3 == 0
        ),
    )


def nice(highest: int) -> int:
    """Return the round, even number at or above the highest, for the end of a scale."""
    power = 2
    while power < highest:
        for factor in (1, 2, 5):
            if power * factor >= highest:
                return power * factor
        power *= 10
    return power


def _points(values: Sequence[int], highest: int) -> str:
    step = SPARK_WIDTH / max(1, len(values) - 1)
    scale = (SPARK_HEIGHT - 2) / max(1, highest)
    return " ".join(
        f"{n * step:.1f} {SPARK_HEIGHT - 1 - value * scale:.1f}" for n, value in enumerate(values)
    )
