"""Our signatures and those of Standard Webhooks' JavaScript library verify each other."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.integrations.endpoints.payload import webhook_body
from service.integrations.event_log.wire import EventOut
from service.platform.outbound.webhook_signatures import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    SignatureMismatch,
    Signer,
    make_secret,
)
from tests.builders import Json
from tests.contract.tools import HERE, modules
from tests.installing import node, run
from tests.samples import sample_cases

TEXTS = ["Well said.", "Да, 👩‍👩‍👧 „так“ \u2028 é", "\\ \" / < & '", "word " * 10_000]


async def ask(questions: list[Json]) -> list[Any]:
    """The library's answer to each question."""
    await asyncio.to_thread(modules)
    typed = "".join(f"{json.dumps(question)}\n" for question in questions)
    command = node(str(HERE / "clients/a_webhook_library.js"))
    output = await asyncio.to_thread(run, command, typed=typed)
    return [json.loads(line) for line in output.removesuffix("\n").split("\n")]


def a_body(text: str) -> str:
    """A webhook body with ``text``, truncated if it is too long."""
    data = msgspec.Raw(msgspec.json.encode({"comment": {"html": text}}))
    return webhook_body("gazette", EventOut(UUID(int=1), "comment.edited", 1, 1, datetime.now(UTC), data)).decode()


BODIES = [a_body(text) for text in TEXTS]


@pytest.mark.slow
async def test_it_verifies_our_signatures_with_one_secret_or_either_of_two_and_no_others() -> None:
    old, new, other = make_secret(), make_secret(), make_secret()
    now = datetime.now(UTC)
    questions, expected = [], []
    for body in BODIES:
        for secret, signer in [(old, Signer(old)), (old, Signer(new, old)), (new, Signer(new, old))]:
            headers = signer.headers("msg_1", now, body.encode())
            changed = {**headers, ID: "msg_2"}
            questions += [{"secret": secret, "headers": headers, "body": body}]
            questions += [{"secret": secret, "headers": headers, "body": body + " "}]
            questions += [{"secret": secret, "headers": changed, "body": body}]
            questions += [{"secret": other, "headers": headers, "body": body}]
            expected += [json.loads(body), None, None, None]
    assert await ask(questions) == expected


@pytest.mark.slow
async def test_we_verify_its_signatures() -> None:
    secret, now = make_secret(), datetime.now(UTC)
    sign = {"id": "msg_1", "timestamp": int(now.timestamp())}
    signatures = await ask([{"secret": secret, "sign": sign, "body": body} for body in BODIES])
    for body, signature in zip(BODIES, signatures, strict=True):
        headers = {ID: "msg_1", TIMESTAMP: str(sign["timestamp"]), SIGNATURE: signature}
        assert Signer(secret).verify(headers, body.encode(), now=now) == "msg_1"
        with pytest.raises(SignatureMismatch):
            Signer(make_secret()).verify(headers, body.encode(), now=now)


@pytest.mark.slow
async def test_it_signs_the_vectors_as_they_are() -> None:
    vectors: list[Json] = sample_cases("webhooks/standard-webhooks-vectors.json")
    valid = [vector for vector in vectors if vector["valid"]]
    signs = [{"id": each["headers"][ID], "timestamp": int(each["headers"][TIMESTAMP])} for each in valid]
    answers = await ask(
        [
            {"secret": each["secret"], "sign": sign, "body": each["body"]}
            for each, sign in zip(valid, signs, strict=True)
        ]
    )
    for vector, signature in zip(valid, answers, strict=True):
        assert signature in vector["headers"][SIGNATURE].split(" "), vector["name"]
