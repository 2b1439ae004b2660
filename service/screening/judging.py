"""The verdict on a comment as it arrives or is edited. Pure: facts in, a verdict out."""

from typing import Literal

from service.sites.settings import Mode

Verdict = Literal["published", "pending"]


def judge(*, mode: Mode) -> Verdict:
    """What becomes of a comment in a thread that takes comments in this ``mode``."""
    return "pending" if mode == "hold" else "published"
