"""How many rows a question reads from which table, by the plan that EXPLAIN ANALYZE has shown (pure)."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_PARTITION = re.compile(r"_p\d+$")
#: Rows that were looked at and thrown away were read all the same.
_READ = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def rows_read(plan: Mapping[str, Any]) -> Counter[str]:
    """Return rows by table; those of a partition belong to the table that it is part of."""
    found: Counter[str] = Counter()
    table = plan.get("Relation Name")
    if table is not None:
        rows = sum(float(plan.get(each, 0)) for each in _READ) * float(plan.get("Actual Loops", 0))
        found[_PARTITION.sub("", str(table))] += round(rows)
    for part in plan.get("Plans", ()):
        found.update(rows_read(part))
    return found
