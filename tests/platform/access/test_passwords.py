"""Passwords: the rules for new ones, checks against a hash, and the queue for hashing."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from service.platform.access.passwords import MAX_CONCURRENT, MAX_WAITING, InvalidPassword, Passwords, validate_password
from service.platform.problems import Busy
from tests.builders import PASSWORD, cheap_passwords


@pytest.mark.parametrize(
    "password", ["x" * 12, "x" * 200, "девять трамваев", "пароль с ё и \u0435\u0308", "😀" * 12, " " * 12]
)
def test_a_password_has_twelve_to_two_hundred_characters_of_any_script(password: str) -> None:
    assert validate_password(password, name="Maria") == password


@pytest.mark.parametrize(
    "password",
    [
        "",
        "x" * 11,
        "x" * 201,
        "e\u0301" * 6,  # twelve code points, six characters
        "\u0958" * 150,  # composed it is three hundred
        "with\ttab inside",
        "with\x00nothing",
        "not UTF-8: \udce9\udce9",
    ],
)
def test_a_password_that_is_too_short_too_long_or_not_text_is_refused(password: str) -> None:
    with pytest.raises(InvalidPassword) as refused:
        validate_password(password, name="Maria")
    assert password == "" or password not in str(refused.value)


def test_the_name_is_refused_as_password_in_any_case_and_form() -> None:
    for password in ("Maria Petrova", "MARIA PETROVA", " ｍａｒｉａ petrova "):
        with pytest.raises(InvalidPassword):
            validate_password(password, name="Maria Petrova")


async def test_only_the_right_password_matches_in_any_composition() -> None:
    passwords = cheap_passwords()
    kept = await passwords.hash("café au lait, s'il")
    assert await passwords.check("cafe\u0301 au\u00a0lait, s'il", kept)
    for wrong in ("cafe au lait, s'il", "Café au lait, s'il", "café au lait, s'il ", "", "\x00", "\ud800"):
        assert not await passwords.check(wrong, kept)
    assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD), "each has a salt of its own"


async def test_the_check_of_an_unknown_name_fails_and_costs_the_same() -> None:
    passwords = Passwords()
    kept = await passwords.hash(PASSWORD)
    assert extract_parameters(passwords._dummy_hash) == extract_parameters(kept) == RFC_9106_LOW_MEMORY
    assert not await passwords.check(PASSWORD, None)


async def test_a_hash_with_other_parameters_matches_and_is_outdated() -> None:
    passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    kept = await cheap_passwords().hash(PASSWORD)
    assert await passwords.check(PASSWORD, kept)
    assert passwords.is_outdated(kept)
    assert not passwords.is_outdated(await passwords.hash(PASSWORD))


class BlockingHasher(PasswordHasher):
    """A hasher that waits until it is released."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.release, self.all_started, self.running, self.max_running = threading.Event(), asyncio.Event(), 0, 0
        self._loop, self._lock = asyncio.get_running_loop(), threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self.running += 1
            self.max_running = max(self.max_running, self.running)
            if self.running == MAX_CONCURRENT:
                self._loop.call_soon_threadsafe(self.all_started.set)
        assert self.release.wait(30)
        with self._lock:
            self.running -= 1
        return super().hash(password, salt=salt)


async def test_a_flood_of_log_ins_waits_in_a_short_queue_and_does_not_block_the_loop() -> None:
    hasher = BlockingHasher()
    passwords = Passwords(hasher)
    flood = [asyncio.ensure_future(passwords.hash(PASSWORD)) for _ in range(MAX_CONCURRENT + MAX_WAITING)]
    try:
        await hasher.all_started.wait()  # and the event loop is free
        with pytest.raises(Busy):
            await passwords.hash(PASSWORD)
    finally:
        hasher.release.set()
    assert len(set(await asyncio.gather(*flood))) == MAX_CONCURRENT + MAX_WAITING
    assert hasher.max_running == MAX_CONCURRENT
    assert await passwords.hash(PASSWORD), "the queue is empty again"
