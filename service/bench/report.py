"""What a benchmark found out, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any

from service.bench.stages import Stages


@dataclass(frozen=True, slots=True)
class Report:
    """One measurement; rates are per second of wall clock, costs are milliseconds of CPU per message."""

    mode: str
    messages: int
    dkim: bool
    workers: int
    connections: int
    sink: str
    sink_delay_ms: float
    sent: int
    #: Whatever did not get through, by state.
    not_sent: dict[str, int]
    set_up_seconds: float
    seconds: float
    messages_per_second: float
    message_bytes: int
    #: None where Postfix's program is not installed.
    smtp_source_per_second: float | None
    ratio: float | None
    cpu_ms_per_message: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return one object of plain values, rounded to what was measured."""
        return {name: _rounded(value) for name, value in asdict(self).items()}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        how = f"{self.workers} workers, {self.connections} connections, {'DKIM' if self.dkim else 'no DKIM'}"
        lines = [
            f"{self.sent:,} {self.mode} mails of {self.message_bytes:,} bytes ({how}; sink: {self.sink})",
            "",
            f"  Broadsheet    {self.messages_per_second:9,.0f} messages/s   ({self.seconds:.1f} s)",
        ]
        if self.smtp_source_per_second is None or self.ratio is None:
            lines.append("  smtp-source   not installed (Debian package: postfix), so there is no ratio")
        else:
            lines.append(f"  smtp-source   {self.smtp_source_per_second:9,.0f} messages/s")
            lines.append(f"  ratio         {self.ratio:9.2f}")
        lines += ["", "  milliseconds of CPU per message"]
        lines += [f"    {name:<26}{cost:8.3f}" for name, cost in self.cpu_ms_per_message.items()]
        lines += ["", "  peak memory of the largest process, MB"]
        lines += [f"    {name:<26}{size:8.0f}" for name, size in self.peak_rss_mb.items()]
        if self.not_sent:
            lines += ["", "  not sent: " + ", ".join(f"{n:,} {state}" for state, n in self.not_sent.items())]
        return lines


def costs(cpu: dict[str, float], *, sent: int, stages: Stages, source_ms: float | None) -> dict[str, float]:
    """Return milliseconds per message by kind of process, the worker's part by part.

    Its parts up to the signature were measured apart; what is left over is claiming, sending and recording.
    """
    each = {kind: seconds * 1000 / max(sent, 1) for kind, seconds in cpu.items()}
    found = {"total": sum(each.values()), **each}
    worker = found.get("worker", 0.0)
    made = stages.compose + stages.build + stages.sign
    found |= {"worker_compose": stages.compose, "worker_build": stages.build, "worker_sign": stages.sign}
    if worker:
        found["worker_claim_send_record"] = max(0.0, worker - made)
    if source_ms is not None:
        found["smtp_source"] = source_ms
    return found


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return value
