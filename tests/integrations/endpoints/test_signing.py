"""Signatures follow Standard Webhooks, and only valid ones verify."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from service.platform.outbound.webhook_signatures import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE,
    InvalidWebhookSecret,
    SignatureMismatch,
    Signer,
    check_secret,
    make_secret,
)
from tests.builders import Json
from tests.samples import HAS_REAL, sample_cases

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET, OTHER = "whsec_" + "MfKQ9r8GKYqrTwjUPD8I" * 2 + "LPY=", "whsec_" + "C2FVsBQIhrscChlQIMV+" * 2 + "b5c="
BODY = '{"type":"comment.published","data":{"html":"<p>Да, и 👩‍👩‍👧 — „так“</p>"}}'.encode()


def is_signed(signer: Signer, headers: dict[str, str], body: bytes, *, now: datetime = NOW) -> bool:
    try:
        return signer.verify(headers, body, now=now) == headers[ID]
    except SignatureMismatch:
        return False


def test_every_test_vector_is_accepted_or_refused_as_expected() -> None:
    vectors: list[Json] = sample_cases("webhooks/standard-webhooks-vectors.json")
    assert len(vectors) == 22 + (19 if HAS_REAL else 0)
    for vector in vectors:
        now = datetime.fromtimestamp(vector["now"], UTC)
        taken = is_signed(Signer(vector["secret"]), vector["headers"], vector["body"].encode(), now=now)
        assert taken == vector["valid"], vector["name"]


def test_the_library_verifies_our_signatures() -> None:
    now = datetime.now(UTC)
    headers = Signer(SECRET).headers("msg_1", now, BODY)
    assert Webhook(SECRET).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)


def test_during_a_rotation_either_secret_verifies() -> None:
    headers = Signer(SECRET, OTHER).headers("msg_1", datetime.now(UTC), BODY)
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
        assert is_signed(Signer(secret), headers, BODY, now=datetime.now(UTC))
    assert not is_signed(Signer(make_secret()), headers, BODY, now=datetime.now(UTC))


def test_we_verify_the_librarys_signatures() -> None:
    for secret in (SECRET, OTHER):
        signature = Webhook(secret).sign("msg_1", NOW, BODY.decode())
        headers = {ID: "msg_1", TIMESTAMP: str(int(NOW.timestamp())), SIGNATURE: signature}
        assert is_signed(Signer(SECRET, OTHER), headers, BODY)


def test_a_timestamp_does_not_depend_on_the_time_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert Signer(SECRET).headers("msg_1", elsewhere, BODY) == Signer(SECRET).headers("msg_1", NOW, BODY)


@pytest.mark.parametrize("away", [timedelta(0), TOLERANCE, -TOLERANCE])
def test_a_message_of_five_minutes_is_accepted(away: timedelta) -> None:
    assert is_signed(Signer(SECRET), Signer(SECRET).headers("msg_1", NOW + away, BODY), BODY)


@pytest.mark.parametrize("away", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_a_message_of_more_than_five_minutes_is_refused(away: timedelta) -> None:
    headers = Signer(SECRET).headers("msg_1", NOW + away, BODY)
    with pytest.raises(SignatureMismatch, match="five minutes"):
        Signer(SECRET).verify(headers, BODY, now=NOW)


def test_a_timestamp_has_one_spelling_only() -> None:
    headers = Signer(SECRET).headers("msg_1", NOW, BODY)
    assert not is_signed(Signer(SECRET), {**headers, TIMESTAMP: "0" + headers[TIMESTAMP]}, BODY)


@pytest.mark.parametrize("timestamp", ["", "hello", "-1", "+1", "1e9", " 1795521600", "٣", "9" * 400, "1795521600.5"])
def test_a_timestamp_that_is_not_a_number_of_seconds_is_refused(timestamp: str) -> None:
    headers = {**Signer(SECRET).headers("msg_1", NOW, BODY), TIMESTAMP: timestamp}
    assert not is_signed(Signer(SECRET), headers, BODY)


@pytest.mark.parametrize("signature", ["", " ", "v1", "v1,", "v1,é", "v1a,xxxx", ",", "v1,\x00", "v1,===="])
def test_a_malformed_signature_is_refused(signature: str) -> None:
    headers = {**Signer(SECRET).headers("msg_1", NOW, BODY), SIGNATURE: signature}
    assert not is_signed(Signer(SECRET), headers, BODY)


def test_a_body_that_is_not_text_is_refused() -> None:
    headers = Signer(SECRET).headers("msg_1", NOW, BODY)
    with pytest.raises(SignatureMismatch, match="UTF-8"):
        Signer(SECRET).verify(headers, b"\xff" + BODY, now=NOW)


@given(st.data())
def test_any_changed_added_or_removed_byte_is_refused(data: st.DataObject) -> None:
    body = data.draw(st.text(min_size=1).map(str.encode))
    message_id = data.draw(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=40))
    headers = Signer(SECRET, OTHER).headers(message_id, NOW, body)
    assert is_signed(Signer(SECRET), headers, body)
    part = data.draw(st.sampled_from([ID, TIMESTAMP, "body"]))
    before = body if part == "body" else headers[part].encode()
    at = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.binary(max_size=2) | st.sampled_from([b"0", b".", b" "]))
    after = before[:at] + byte + before[at + data.draw(st.integers(0, 1)) :]
    if after == before:
        return
    changed = headers if part == "body" else {**headers, part: after.decode("latin-1")}
    assert not is_signed(Signer(SECRET), changed, after if part == "body" else body)


@given(st.binary(min_size=24, max_size=64))
def test_a_secret_of_any_bytes_signs(secret: bytes) -> None:
    text = check_secret("whsec_" + base64.b64encode(secret).decode())
    headers = Signer(text).headers("msg_1", NOW, BODY)
    assert is_signed(Signer(text), headers, BODY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_!",
        "whsec_" + "A" * 28,
        "whsec_" + "A" * 88,
        "A" * 44,
        SECRET[:-1],
        SECRET + "\n",
        "whsec_é",
    ],
)
def test_an_invalid_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidWebhookSecret) as refused:
        check_secret(text)
    assert not text.removeprefix("whsec_") or text.removeprefix("whsec_") not in str(refused.value)


def test_secrets_are_new_each_time() -> None:
    assert len({make_secret() for _ in range(100)}) == 100
    assert check_secret(SECRET) == SECRET
