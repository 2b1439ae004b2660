"""A host for tests: it signs readers' tokens and serves the keys that verify them."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from service.platform import clock
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_secrets import set_secret
from tests.builders import ASite, Json
from tests.conftest import SECRET_KEY

SECRET = "a secret that the host and this site share"
PrivateKey = OctKey | RSAKey | OKPKey


class AnyAlgorithm(JWSRegistry):
    """Signs with any algorithm, without warnings."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def a_token(
    audience: str,
    *,
    key: PrivateKey | None = None,
    alg: str = "HS256",
    header: Json | None = None,
    without: str = "",
    **claims: Any,
) -> str:
    """A token for Ada that expires in an hour, signed with ``key`` or else :data:`SECRET`."""
    now = int(clock.now().timestamp())
    payload: Json = {"sub": "ada", "name": "Ada Byron", "aud": audience, "iat": now, "exp": now + 3600, **claims}
    payload.pop(without, None)
    registry = AnyAlgorithm(strict_check_header=False)
    return jwt.encode({"alg": alg, **(header or {})}, payload, key or OctKey.import_key(SECRET), registry=registry)


async def share_secret(site: ASite, text: str) -> None:
    """Have the host of ``site`` sign with ``text``."""
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await set_secret(connection, found, "host-token", text, secret_key=SECRET_KEY)
    site.app.state.gate.sites.evict(site.slug)


def segment(value: Any) -> str:
    """Encode one segment of an invalid token."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def jwks_of(*keys: PrivateKey) -> bytes:
    """The public halves of ``keys`` as a host publishes them."""
    return json.dumps(KeySet(list(keys)).as_dict()).encode()


@dataclass
class AKeyServer:
    """Serves a JWKS at ``url`` and counts the requests."""

    url: str = ""
    asked: int = 0
    content: bytes = b""
    status: str = "200 OK"
    headers: list[str] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)  # requests wait until it is set
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, *keys: PrivateKey) -> None:
        """Serve the public halves of ``keys``, and no others."""
        self.content = jwks_of(*keys)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            self.came.set()
            await self.answers.wait()
            lines = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.content)}", *self.headers, "", ""]
            writer.write("\r\n".join(lines).encode() + self.content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client disconnected
        finally:
            writer.close()


@asynccontextmanager
async def a_key_server(*keys: PrivateKey) -> AsyncIterator[AKeyServer]:
    """A server with ``keys``, on a free port."""
    serving = AKeyServer()
    serving.answers.set()
    serving.publish(*keys)
    server = await asyncio.start_server(serving.answer, "127.0.0.1", 0)
    serving.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    async with server:
        yield serving
        serving.answers.set()
