"""The limited palettes of the illustrations: paper, one ink with its tones, and one accent."""

from dataclasses import dataclass

from service.demo.canvas import Colour, mix


@dataclass(frozen=True, slots=True)
class Inks:
    """A duotone of paper and ink with everything between them, and one accent."""

    paper: Colour
    ink: Colour
    accent: Colour

    def tone(self, depth: float) -> Colour:
        """Return a shade, from 0 for bare paper to 1 for full ink."""
        return mix(self.paper, self.ink, depth)


INKS = (
    Inks(paper=(246, 236, 217), ink=(27, 58, 75), accent=(224, 108, 77)),
    Inks(paper=(240, 240, 230), ink=(45, 62, 80), accent=(242, 178, 78)),
    Inks(paper=(250, 233, 214), ink=(92, 45, 65), accent=(233, 120, 88)),
    Inks(paper=(231, 240, 236), ink=(20, 77, 83), accent=(241, 143, 95)),
    Inks(paper=(244, 238, 226), ink=(66, 71, 55), accent=(203, 88, 60)),
    Inks(paper=(236, 234, 244), ink=(52, 48, 92), accent=(247, 183, 120)),
    Inks(paper=(249, 240, 205), ink=(33, 81, 94), accent=(219, 84, 97)),
)
