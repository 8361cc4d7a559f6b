"""Stories that grow together while one batch of articles is compared (pure)."""

from collections.abc import Collection
from datetime import datetime

from service.articles import likeness


class Heap:
    """Starts with the stories as they are, and knows when the first article of each was published.

    `apart` are pairs of articles that a person took apart: no chain of likeness brings them together again.
    """

    def __init__(
        self,
        story_of: dict[int, int],
        firsts: dict[int, datetime],
        *,
        apart: Collection[tuple[int, int]] = (),
    ) -> None:
        self._story_of, self._firsts, self._apart = story_of, firsts, apart
        self._parents: dict[int, int] = {}

    def join(self, one: int, other: int, *, same_text: bool) -> None:
        """Make one story of two articles', unless that would make a chain without end.

        A daily column resembles yesterday's: only the very same text reaches beyond the window.
        """
        first, second = sorted((self._root(self._story_of[one]), self._root(self._story_of[other])))
        if first == second:
            return
        if self._are_apart({first, second}):
            return
        if not same_text and abs(self._firsts[first] - self._firsts[second]) > likeness.WINDOW:
            return
        self._parents[second] = first
        self._firsts[first] = min(self._firsts[first], self._firsts[second])

    def grown(self) -> dict[int, list[int]]:
        """Return the stories that took others in, each with all their ids."""
        found: dict[int, list[int]] = {}
        for story in self._parents:
            found.setdefault(self._root(story), []).append(story)
        return {root: [root, *merged] for root, merged in found.items()}

    def _are_apart(self, stories: set[int]) -> bool:
        return any(
            {self._root(self._story_of[one]), self._root(self._story_of[other])} == stories
            for one, other in self._apart
        )

    def _root(self, story: int) -> int:
        while story in self._parents:
            story = self._parents[story]
        return story
