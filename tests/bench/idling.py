"""CPU that processes use while nobody asks anything.

Run it alone with ``python -m tests.bench.idling``.
"""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.a_service import QUICK, databases, delivering, fill, serving

SECONDS = 10.0 if QUICK else 60.0
SETTLING_SECONDS = 3.0


def report(name: str, url: str) -> str:
    """Return a line with the CPU that each process uses, in percent of a core."""
    with ExitStack() as stack:
        processes = {"serve": stack.enter_context(serving(url))}
        if name != "SQLite":
            processes["worker"] = stack.enter_context(delivering(url))
        time.sleep(SETTLING_SECONDS)
        before = {role: _cpu_seconds(process.pid) for role, process in processes.items()}
        time.sleep(SECONDS)
        used = {role: _cpu_seconds(process.pid) - before[role] for role, process in processes.items()}
    return f"{name}, CPU of a core while idle: " + ", ".join(
        f"{role} {seconds / SECONDS * 100:.2f} %" for role, seconds in used.items()
    )


def _cpu_seconds(pid: int) -> float:
    """Return the seconds of CPU that the threads of a process and its children have used."""
    own = sum(int(each.read_text().split()[0]) for each in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own / 1e9 + sum(_cpu_seconds(int(child)) for child in children)


def main() -> None:
    """Measure both databases and print the lines."""
    with databases() as urls:
        for name, url in urls.items():
            asyncio.run(fill(url))
            print(report(name, url) + ".", flush=True)


if __name__ == "__main__":
    main()
