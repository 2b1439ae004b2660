"""An OpenID provider that says what a test wants; the browser tests have a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from service.platform import clock
from tests.browser.app_server import serving
from tests.builders import Json

CLIENT_ID = "onereply-desk"


@dataclass
class AProvider:
    """A provider at ``issuer``: ``claims`` are those of the next token, ``answers`` replace whole answers by path."""

    issuer: str = ""
    claims: Json = field(default_factory=lambda: {"sub": "42", "name": "Maria", "groups": ["newsroom"]})
    user_info: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    answers: dict[str, Response] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    signs_with: Any = None
    algorithm: str = "RS256"
    asked: list[tuple[str, Json, str]] = field(default_factory=list)  # path, form, authorization
    nonces: dict[str, str] = field(default_factory=dict)
    silent: asyncio.Event | None = None

    def authorize(self, url: str) -> str:
        """Agree to the sign-in that the browser was led to; return the path and query that it is sent back to."""
        given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorize?")
        assert (given["response_type"], given["client_id"]) == ("code", CLIENT_ID)
        assert (given["code_challenge_method"], len(given["code_challenge"])) == ("S256", 43)
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = given["nonce"]
        back = urlsplit(given["redirect_uri"])
        return f"{back.path}?{httpx2.QueryParams(code=code, state=given['state'])}"

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        form = {name: str(value) for name, value in parse_qs((await request.body()).decode()).items()}
        self.asked.append((path, form, request.headers.get("authorization", "")))
        if self.silent:
            await self.silent.wait()
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return JSONResponse(self._metadata())
        if path == "/jwks":
            return JSONResponse(KeySet([self.key]).as_dict())
        if path == "/userinfo":
            return JSONResponse(self.user_info)
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": self._token(form)})

    def _metadata(self) -> Json:
        paths = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/jwks",
            "end_session_endpoint": "/logout",
            **({"userinfo_endpoint": "/userinfo"} if self.user_info else {}),
        }
        return {"issuer": self.issuer, **{name: self.issuer + path for name, path in paths.items()}, **self.metadata}

    def _token(self, form: Json) -> str:
        now = int(clock.now().timestamp())
        nonce = self.nonces.get(form.get("code", "").strip("[']"), "")
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        given = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "1"}
        return jwt.encode(header, given, self.signs_with or self.key, algorithms=[self.algorithm])


@asynccontextmanager
async def a_provider() -> AsyncIterator[AProvider]:
    """A provider on a free port."""
    provider = AProvider()
    routes = [Route("/{path:path}", provider.answer, methods=["GET", "POST"])]
    async with serving(Starlette(routes=routes)) as port:
        provider.issuer = f"http://127.0.0.1:{port}"
        yield provider
        if provider.silent:
            provider.silent.set()
