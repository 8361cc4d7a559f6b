"""A canvas of indexed colours with soft edges, filled in vertical runs and written as PNG.

It is kept column by column: hills, sails and towers are then one or two long runs per column, which
slicing fills at the speed of C. One strided slice per row turns the picture round at the end.
"""

import math
import struct
import zlib
from collections.abc import Callable

Colour = tuple[int, int, int]
Edge = Callable[[float], float]

# How many steps an edge pixel has between "outside" and "inside".
_SOFTNESS = 4


class Canvas:
    """A picture under construction; colours are added to its palette as they are used."""

    def __init__(self, *, width: int, height: int, paper: Colour) -> None:
        self.width = width
        self.height = height
        self._palette: list[Colour] = [paper]
        self._index: dict[Colour, int] = {paper: 0}
        self._blends: dict[tuple[int, int, int], int] = {}
        self._columns = [bytearray(height) for _ in range(width)]

    def fill(
        self,
        colour: Colour,
        *,
        top: Edge,
        bottom: Edge | None = None,
        left: int = 0,
        right: int | None = None,
    ) -> None:
        """Paint between two curves; `top` and `bottom` give a height for an x, down is larger."""
        over = self._add(colour)
        start, end = max(left, 0), min(self.width if right is None else right, self.width)
        if start >= end:
            return
        last_top = top(start)
        last_bottom = bottom(start) if bottom else float(self.height)
        for x in range(start, end):
            next_top = top(x + 1)
            next_bottom = bottom(x + 1) if bottom else float(self.height)
            self._run(self._columns[x], over, (last_top, next_top), (last_bottom, next_bottom))
            last_top, last_bottom = next_top, next_bottom

    def box(self, colour: Colour, *, left: int, top: float, right: int, bottom: float) -> None:
        """Paint an upright rectangle; fractions of a pixel are rounded."""
        first, last = max(round(top), 0), min(round(bottom), self.height)
        run = bytes((self._add(colour),)) * max(last - first, 0)
        if run:
            for column in self._columns[max(left, 0) : max(right, 0)]:
                column[first:last] = run

    def disc(self, colour: Colour, *, x: float, y: float, radius: float) -> None:
        """Paint a full circle, on whole pixels so that both its sides look alike."""
        middle, reach = round(x), round(radius)
        half = _chord(middle, reach + 0.3)
        self.fill(
            colour,
            top=lambda at: y - half(at),
            bottom=lambda at: y + half(at),
            left=middle - reach,
            right=middle + reach,
        )

    def ring(self, colour: Colour, *, x: float, y: float, radius: float, inner: float) -> None:
        """Paint what lies between two circles around one centre."""
        outer, hole = _chord(x, radius), _chord(x, inner)
        left, right = math.ceil(x - radius), math.floor(x + radius)
        self.fill(
            colour, top=lambda at: y - outer(at), bottom=lambda at: y - hole(at), left=left, right=right
        )
        self.fill(
            colour, top=lambda at: y + hole(at), bottom=lambda at: y + outer(at), left=left, right=right
        )

    def arch(self, colour: Colour, *, x: float, y: float, radius: float) -> None:
        """Paint the upper half of a circle whose base lies at `y`."""
        half = _chord(x, radius)
        left, right = math.ceil(x - radius), math.floor(x + radius)
        self.fill(colour, top=lambda at: y - half(at), bottom=lambda at: y, left=left, right=right)

    def quarter(self, colour: Colour, *, x: float, y: float, radius: float, east: bool, south: bool) -> None:
        """Paint a quarter of a circle that opens from its corner in the given directions."""
        half = _chord(x, radius)
        left, right = (x, x + radius) if east else (x - radius, x)
        self.fill(
            colour,
            top=(lambda at: y) if south else (lambda at: y - half(at)),
            bottom=(lambda at: y + half(at)) if south else (lambda at: y),
            left=math.ceil(left),
            right=math.floor(right),
        )

    def polygon(self, colour: Colour, *points: tuple[float, float]) -> None:
        """Paint a convex shape given by its corners, in order."""
        west, east = min(x for x, _ in points), max(x for x, _ in points)
        sides = list(zip(points, (*points[1:], points[0]), strict=True))

        def heights(x: float) -> list[float]:
            at = min(max(x, west), east)
            return [
                ay + (by - ay) * (at - ax) / (bx - ax) if ax != bx else edge
                for (ax, ay), (bx, by) in sides
                if min(ax, bx) <= at <= max(ax, bx)
                for edge in ((ay, by) if ax == bx else (ay,))
            ]

        self.fill(
            colour,
            top=lambda x: min(heights(x)),
            bottom=lambda x: max(heights(x)),
            left=math.floor(west),
            right=math.ceil(east),
        )

    def png(self) -> bytes:
        """Return the finished picture as the bytes of a PNG file."""
        pixels = b"".join(self._columns)
        rows = b"".join(b"\0" + pixels[y :: self.height] for y in range(self.height))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        palette = b"".join(bytes(colour) for colour in self._palette)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            (
                _chunk(b"IHDR", header),
                _chunk(b"PLTE", palette),
                _chunk(b"IDAT", zlib.compress(rows, 6)),
                _chunk(b"IEND", b""),
            )
        )

    def _run(
        self, column: bytearray, over: int, top: tuple[float, float], bottom: tuple[float, float]
    ) -> None:
        """Fill one column between two sloping edges, softening the pixels that they cut."""
        high, upper = top if top[0] < top[1] else top[::-1]
        lower, low = bottom if bottom[0] < bottom[1] else bottom[::-1]
        first, last = max(math.floor(high), 0), min(math.ceil(low), self.height)
        if last <= first:
            return
        solid_from = min(max(math.ceil(upper), first), last)
        solid_to = max(min(math.floor(lower), last), solid_from)
        for y in (*range(first, solid_from), *range(solid_to, last)):
            share = min(_below(high, upper, y), 1 - _below(lower, low, y))
            level = round(share * _SOFTNESS)
            if level:
                column[y] = self._blend(column[y], over, level)
        if solid_to > solid_from:
            column[solid_from:solid_to] = bytes((over,)) * (solid_to - solid_from)

    def _blend(self, under: int, over: int, level: int) -> int:
        key = (under, over, level)
        known = self._blends.get(key)
        if known is None:
            mixed = mix(self._palette[under], self._palette[over], level / _SOFTNESS)
            # A full palette (it never is, in our scenes) costs softness and nothing else.
            known = self._blends[key] = self._add(mixed) if len(self._palette) < 250 else over
        return known

    def _add(self, colour: Colour) -> int:
        index = self._index.get(colour)
        if index is None:
            index = self._index[colour] = len(self._palette)
            self._palette.append(colour)
        return index


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _below(high: float, low: float, y: int) -> float:
    """Say how much of the pixel at `y` lies below an edge that crosses its column from high to low."""
    share = 0.5 + (y + 0.5 - (high + low) / 2) / max(low - high, 1.0)
    return 0.0 if share < 0 else min(share, 1.0)


def _chord(centre: float, radius: float) -> Edge:
    square = radius * radius

    def half(x: float) -> float:
        rest = square - (x - centre) ** 2
        return math.sqrt(rest) if rest > 0 else 0.0

    return half


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
