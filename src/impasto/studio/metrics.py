"""Numbers for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from impasto.studio.queue import STATES

if TYPE_CHECKING:
    from impasto.studio.service import Service

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class Metrics:
    """Count requests, and look at the queue and the processes when asked."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "impasto_request_seconds", "Seconds of requests.", ("method", "route", "status"),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.painted = Counter(
            "impasto_painted_pixels", "Pixels painted at once.", registry=self.registry
        )
        self.caches = Gauge(
            "impasto_prepared", "Styles and contents found prepared, and not.", ("which",),
            registry=self.registry,
        )  # fmt: skip
        self.jobs = Gauge("impasto_jobs", "Jobs by state.", ("state",), registry=self.registry)
        for name, text, read in _gauges(service):
            Gauge(name, text, registry=self.registry).set_function(read)
        self.service = service

    def text(self) -> bytes:
        """Return all numbers in Prometheus' format."""
        rows = self.service.database.all("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state")
        counts = {row["state"]: row["n"] for row in rows}
        for state in STATES:
            self.jobs.labels(state).set(counts.get(state, 0))
        return generate_latest(self.registry)


def _gauges(service: Service) -> Iterable[tuple[str, str, Any]]:
    yield (
        "impasto_live_waiting",
        "Pictures painted at once, or waiting.",
        lambda: service.painter.waiting,
    )
    yield (
        "impasto_live_restarts",
        "Times that the painting process ended.",
        lambda: service.painter.restarts,
    )
    yield (
        "impasto_reader_restarts",
        "Times that the reading process ended.",
        lambda: service.reader.restarts,
    )
    yield "impasto_workers", "Worker processes.", lambda: len(service.crew.pids)
    yield "impasto_worker_deaths", "Workers that ended unasked.", lambda: service.crew.deaths
