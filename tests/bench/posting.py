"""Posts a second, over HTTP, with 64 connections: ``python -m tests.bench.posting [SECONDS]``. Needs wrk."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.a_service import ORIGIN, databases, serving

SCRIPT = Path(__file__).with_name("posting.lua")


def main() -> None:
    """Measure both databases, hot and spread, and print a line each."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with databases() as urls:
        for name, url in urls.items():
            with serving(url):
                for thread, spread in (("one hot thread", "no"), ("1,000 threads", "yes")):
                    print(f"{name:10}  {thread:14}  {posts_a_second(seconds, spread=spread)}", flush=True)


def posts_a_second(seconds: int, *, spread: str) -> str:
    """What wrk says of ``seconds`` of posting."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", str(SCRIPT), ORIGIN]
    told = subprocess.run(command, env={**os.environ, "SPREAD": spread}, capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told.stdout)
    slowest = re.search(r"99%\s+(\S+)", told.stdout)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", told.stdout)
    assert rate
    assert slowest
    return f"{float(rate[1]):7,.0f}/s  p99 {slowest[1]}  refused {refused[1] if refused else 0}"


if __name__ == "__main__":
    main()
