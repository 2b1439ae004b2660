"""What an object holds in memory, and what a server accepts."""

import gc
import socket
import time
from contextlib import suppress
from types import FunctionType, ModuleType


def content_of(root: object) -> str:
    """All text and bytes that can be reached from ``root``, other than through code."""
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, (type, FunctionType, ModuleType)):
            continue
        seen[id(each)] = each
        waiting.extend(gc.get_referents(each))
        if isinstance(each, dict):
            waiting.extend(each)  # the collector skips keys that are text
    return "\n".join(str(each) for each in seen.values() if isinstance(each, (str, bytes)))


def wait_until_accepts(port: int) -> None:
    """Wait until a server of this machine accepts connections at ``port``."""
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError(f"Nothing accepts connections at port {port}.")
