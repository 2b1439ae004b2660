"""Metrics for Prometheus (``GET /metrics``): counts, durations and queue lengths.

Worker processes share them through files (prometheus-client's multiprocess mode) in a folder that ``serve`` creates.
"""

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

MEDIA_TYPE = CONTENT_TYPE_LATEST
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 200)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SWEEP_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)

REQUESTS = Counter("onereply_requests", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "onereply_request_seconds",
    "Request latency in seconds; for streams, until the first byte.",
    ["route"],
    buckets=SECONDS,
)
READS = Counter("onereply_public_reads", "Public reads answered, by source: cache or database.", ["source"])
POSTS = Counter("onereply_posts", "Posts, by result: published, pending, spam, or the problem type.", ["result"])
AKISMET = Counter("onereply_akismet_checks", "Akismet checks, by answer: ham, spam, discard, or none.", ["answer"])
AKISMET_REPORTS = Counter(
    "onereply_akismet_reports", "Mistakes reported to Akismet, by result: accepted, refused, or none.", ["result"]
)
SCREENING_WEBHOOK = Counter(
    "onereply_screening_webhook_checks", "Screening webhook checks, by answer: findings, nothing, or none.", ["answer"]
)
BATCH_POSTS = Histogram("onereply_batch_posts", "Posts per batch (one transaction).", buckets=SIZES)
QUEUE = Gauge("onereply_batch_queue_posts", "Posts waiting for a batch.", multiprocess_mode="livesum")
STREAMS = Gauge("onereply_streams", "Open live streams.", multiprocess_mode="livesum")
WRITER_WAIT = Histogram("onereply_writer_wait_seconds", "Seconds that a write waits for the writer.", buckets=SECONDS)
DATABASE_UP = Gauge(
    "onereply_database_up",
    "Whether the database can be read or written, by part: 1 or 0.",
    ["part"],
    multiprocess_mode="livemin",
)
DATABASE_CONNECTIONS = Gauge(
    "onereply_database_connections", "Database connections in use.", ["pool"], multiprocess_mode="livesum"
)
DATABASE_ERRORS = Counter("onereply_database_errors", "Failed transactions, by kind: busy, unavailable.", ["kind"])
BATCH_RETRIES = Counter("onereply_batch_retries", "Retried parts of a batch of posts.")
SWEEPS = Counter("onereply_sweeps", "Sweeps, by result: ok, failed.", ["result"])
SWEEP_SECONDS = Histogram("onereply_sweep_seconds", "Duration of a sweep in seconds.", buckets=SWEEP_BUCKETS)
WEBHOOK_ATTEMPTS = Counter(
    "onereply_webhook_attempts", "Webhook delivery attempts, by result: delivered, failed.", ["result"]
)
LOG_POSITION = Gauge(
    "onereply_log_position", "Position of the last event in a site's log.", ["site"], multiprocess_mode="max"
)
LOG_READ = Gauge(
    "onereply_log_read_position",
    "Position of the last event that the host has read.",
    ["site"],
    multiprocess_mode="max",
)

WEBHOOK_LAG = Gauge(
    "onereply_webhook_lag_events",
    "Events not yet delivered to the slowest endpoint of a site.",
    ["site"],
    multiprocess_mode="mostrecent",
)


def exposition() -> bytes:
    """Render the metrics of all processes in the Prometheus text format 0.0.4."""
    if SHARED_FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client's
    return generate_latest(registry)


def count_requests(method: str, route: str, status: str, *, number: int, seconds: float) -> None:
    """Count ``number`` requests that took ``seconds`` together; many at once only if all took about as long.

    *Why private parts of the histogram*: hot reads are counted in batches, and it only observes one at a time.
    """
    if number == 0:
        return
    REQUESTS.labels(method, route, status).inc(number)
    histogram, each = LATENCY.labels(route), seconds / number
    if number == 1:
        histogram.observe(each)
        return
    histogram._sum.inc(seconds)
    for index, bound in enumerate(histogram._upper_bounds):
        if each <= bound:
            histogram._buckets[index].inc(number)
            break
