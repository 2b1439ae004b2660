"""What an operator's Prometheus is told (``GET /metrics``): how many, how long, how deep the queues are.

Several workers share one set of numbers through files (prometheus-client's multiprocess mode); ``serve`` says where.
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
LATENCY = Histogram("onereply_request_seconds", "From the first byte to the answer.", ["route"], buckets=SECONDS)
READS = Counter("onereply_public_reads", "Answers to anybody's reads, by where they came from.", ["source"])
POSTS = Counter("onereply_posts", "Posts judged: published, pending, or refused by the named problem.", ["action"])
AKISMET = Counter("onereply_akismet", "What Akismet said of posts: ham, spam, discard, or none.", ["answer"])
GROUP = Histogram("onereply_group_posts", "Posts that shared a transaction.", buckets=SIZES)
QUEUE = Gauge("onereply_queue_posts", "Posts that wait for a transaction.", multiprocess_mode="livesum")
STREAMS = Gauge("onereply_streams", "Streams that are open.", multiprocess_mode="livesum")
WRITER_WAIT = Histogram("onereply_writer_wait_seconds", "What a write waits for its turn.", buckets=SECONDS)
DATABASE_UP = Gauge(
    "onereply_database_up",
    "Whether the database can be read and written: 1 or 0.",
    ["part"],
    multiprocess_mode="livemin",
)
DATABASE_CONNECTIONS = Gauge(
    "onereply_database_connections", "Database connections in use.", ["pool"], multiprocess_mode="livesum"
)
DATABASE_ERRORS = Counter("onereply_database_errors", "Transactions that failed: busy or unavailable.", ["kind"])
BATCH_RETRIES = Counter("onereply_batch_retries", "Parts of a batch of posts that were tried again.")
SWEEPS = Counter("onereply_sweeps", "Sweeps, by result: ok, failed.", ["result"])
SWEEP_SECONDS = Histogram("onereply_sweep_seconds", "Duration of a sweep.", buckets=SWEEP_BUCKETS)
WEBHOOK_ATTEMPTS = Counter(
    "onereply_webhook_attempts", "Attempts to deliver a webhook, by result: delivered, failed.", ["result"]
)
LOG_POSITION = Gauge("onereply_log_position", "The last event of a site's log.", ["site"], multiprocess_mode="max")
LOG_TOLD = Gauge("onereply_log_told_position", "The last event that the host read.", ["site"], multiprocess_mode="max")

WEBHOOKS_BEHIND = Gauge(
    "onereply_webhooks_behind",
    "Events that the endpoint furthest behind has not come to.",
    ["site"],
    multiprocess_mode="mostrecent",
)


def exposed() -> bytes:
    """All numbers, of all workers, in Prometheus' text format 0.0.4."""
    if SHARED_FOLDER not in os.environ:
        return exposition(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client's
    return exposition(registry)
