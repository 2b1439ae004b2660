"""What the tests of cached answers share."""

from typing import Any

import pytest

from service.reading.cache.hot_responses import HotResponse, HotResponses


@pytest.fixture
def hot(monkeypatch: pytest.MonkeyPatch) -> list[HotResponse]:
    """The answers that took the short way since the test started."""
    taken: list[HotResponse] = []
    find = HotResponses.find

    def found(self: HotResponses, *given: Any) -> HotResponse | None:
        answer = find(self, *given)
        if answer:
            taken.append(answer)
        return answer

    monkeypatch.setattr(HotResponses, "find", found)
    return taken
