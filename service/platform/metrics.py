"""Metrics for Prometheus (``GET /metrics``): counts, durations and queue lengths.

Worker processes share them through files (prometheus-client's multiprocess mode) in a folder that ``serve`` creates.
"""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as exposition
from prometheus_client.multiprocess import MultiProcessCollector

MEDIA_TYPE = CONTENT_TYPE_LATEST
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 200)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SWEEP_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)

REQUESTS = Counter("onereply_requests", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "onereply_request_seconds", "Duration from the first byte of the request to the answer.", ["route"], buckets=SECONDS
)
READS = Counter("onereply_public_reads", "Answers to public reads, by source.", ["source"])
POSTS = Counter("onereply_posts", "Posts by result: published, pending, spam, or the problem type.", ["action"])
AKISMET = Counter("onereply_akismet_checks", "Akismet's answers for posts: ham, spam, discard, or none.", ["answer"])
BATCH_POSTS = Histogram("onereply_batch_posts", "Posts per batch (one transaction).", buckets=SIZES)
QUEUE = Gauge("onereply_batch_queue_posts", "Posts waiting for a transaction.", multiprocess_mode="livesum")
STREAMS = Gauge("onereply_streams", "Open streams.", multiprocess_mode="livesum")
WRITER_WAIT = Histogram("onereply_writer_wait_seconds", "Time that a write waits for its turn.", buckets=SECONDS)
DATABASE_UP = Gauge(
    "onereply_database_up",
    "Whether the database can be read and written: 1 or 0.",
    ["part"],
    multiprocess_mode="livemin",
)
DATABASE_CONNECTIONS = Gauge(
    "onereply_database_connections", "Database connections in use.", ["pool"], multiprocess_mode="livesum"
)
DATABASE_ERRORS = Counter("onereply_database_errors", "Failed transactions: busy or unavailable.", ["kind"])
BATCH_RETRIES = Counter("onereply_batch_retries", "Retried parts of a batch of posts.")
SWEEPS = Counter("onereply_sweeps", "Sweeps, by result: ok, failed.", ["result"])
SWEEP_SECONDS = Histogram("onereply_sweep_seconds", "Duration of a sweep.", buckets=SWEEP_BUCKETS)
WEBHOOK_ATTEMPTS = Counter(
    "onereply_webhook_attempts", "Attempts to deliver a webhook, by result: delivered, failed.", ["result"]
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
    "Events that the endpoint furthest behind has yet to receive.",
    ["site"],
    multiprocess_mode="mostrecent",
)


def exposed() -> bytes:
    """All metrics of all processes in the Prometheus text format 0.0.4."""
    if SHARED_FOLDER not in os.environ:
        return exposition(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client's
    return exposition(registry)
