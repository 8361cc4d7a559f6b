"""What `broadsheet bench assemble` found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AssembleReport:
    """One measurement; costs are microseconds of CPU per reader, stages seconds of all planners together."""

    readers: int
    topics: int
    picks: int
    articles: int
    workers: int
    set_up_seconds: float
    #: From the tick to the last row.
    seconds: float
    planned: int
    skipped: int
    recipes: int
    readers_per_recipe: float
    rows_per_second: float
    #: Of the largest planner.
    peak_rss_mb: float
    #: Of the largest process of the server, the shared memory included.
    postgres_mb: float
    worker_cpu_us: float
    postgres_cpu_us: float
    stages: dict[str, float]
    sample_size: int
    sample_differences: int

    def as_json(self) -> dict[str, Any]:
        return {key: _rounded(each) for key, each in asdict(self).items()}

    def lines(self) -> list[str]:
        spent = " · ".join(f"{name} {self.stages[name]:.1f} s" for name in sorted(self.stages))
        cpu = f"planners {self.worker_cpu_us:.0f} µs, PostgreSQL {self.postgres_cpu_us:.0f} µs"
        equal = self.sample_size - self.sample_differences
        return [
            f"{self.readers:,} readers of {self.topics} topics have their row in the ledger",
            "",
            f"  Time           {self.seconds:.1f} s    {self.rows_per_second:,.0f} rows/s",
            f"  Digests        {self.planned:,}    skipped {self.skipped:,}",
            f"  Recipes        {self.recipes:,}    {self.readers_per_recipe:.2f} readers each",
            f"  CPU            {cpu} by reader",
            f"  Peak memory    planner {self.peak_rss_mb:.0f} MB, PostgreSQL {self.postgres_mb:.0f} MB",
            f"  By stage       {spent}",
            f"  Sample         {equal:,} of {self.sample_size:,} readers got what the plain function chooses",
            f"  Set-up         {self.set_up_seconds:.1f} s for the world",
        ]


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    return {key: _rounded(each) for key, each in value.items()} if isinstance(value, dict) else value
