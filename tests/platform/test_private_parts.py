"""The private parts of packages that the service uses, each with the file that uses it.

``pyproject.toml`` pins these packages to their minor version. If a test fails after an upgrade, check that file first.
"""

import ctypes
import inspect
import signal
import sqlite3
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, cast

import aiosqlite
import asyncpg
import httpx2
import pytest
import uvicorn
from cmarkgfm import _cmark
from packaging.requirements import Requirement
from packaging.version import Version
from sqlalchemy import insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.sql.compiler import SQLCompiler
from sse_starlette import sse
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess

from service.cli.accepting_loop import AcceptingLoop
from service.platform.metrics import LATENCY, count_requests
from service.platform.sites.model import SiteRow
from service.platform.storage.sqlite import BEGIN_WRITE
from service.shutdown import limit_shutdown
from tests.installing import ROOT

PINNED = (
    *("aiosqlite", "asyncpg", "cmarkgfm", "httpcore2", "httpx2", "prometheus-client"),
    *("SQLAlchemy", "sse-starlette", "uvicorn"),
)


def names_in(function: Callable[..., Any]) -> set[object]:
    """The attributes and constants that a function mentions."""
    return {*function.__code__.co_names, *function.__code__.co_consts}


def test_their_packages_are_pinned_to_the_minor_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {each.name: each.specifier for each in map(Requirement, project["dependencies"])}
    for name in PINNED:
        installed = Version(version(name))
        assert installed in wanted[name]
        assert Version(f"{installed.major}.{installed.minor + 1}") not in wanted[name], name


def test_cmarkgfm_exports_the_functions_of_the_c_library() -> None:
    """``conversation/comments/cmark.py``."""
    library = ctypes.PyDLL(_cmark.__file__)
    names = ("parser_new", "parser_attach_syntax_extension", "parser_feed", "parser_finish", "render_html", "node_free")
    assert all(hasattr(library, f"cmark_{name}") for name in names)


async def test_aiosqlite_passes_every_call_through_one_method() -> None:
    """``platform/storage/sqlite.py``."""
    calls: list[tuple[object, ...]] = []

    class Watched(aiosqlite.Connection):
        async def _execute(self, fn: Callable[..., object], *args: object, **kwargs: object) -> object:
            calls.append((fn.__name__, *args))
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # the package has no types here

    async with Watched(lambda: sqlite3.connect(":memory:", isolation_level=None), iter_chunk_size=1) as connection:
        await (await connection.cursor()).execute(BEGIN_WRITE)
        await connection.commit()
    assert [call[:2] for call in calls if call[0] in {"execute", "commit"}] == [
        ("execute", BEGIN_WRITE),
        ("commit",),
    ]


def test_uvicorns_protocol_has_the_methods_and_attributes_of_ours() -> None:
    """``platform/http/server_limits.py``."""
    config = uvicorn.Config(Starlette(), log_config=None)
    config.load()
    protocol = HttpToolsProtocol(config, ServerState(), {}, _loop=cast("Any", object()))
    protocol.on_message_begin()
    methods = ("data_received", "on_message_begin", "on_url", "on_headers_complete", "on_message_complete")
    ends = ("on_response_complete", "send_400_response", "shutdown", "pause_writing", "resume_writing")
    timeouts = ("timeout_keep_alive", "timeout_keep_alive_task", "timeout_keep_alive_handler")
    attributes = ("loop", "transport", "url", "headers", "client", "cycle", "flow", "pipeline")
    known = {*vars(protocol), *vars(HttpToolsProtocol)}
    assert known >= {*methods, *ends, *timeouts, *attributes, "_unset_keepalive_if_required"}
    assert {"pipeline", "_start_asgi_task"} <= names_in(HttpToolsProtocol.on_headers_complete)
    assert "_start_asgi_task" in names_in(HttpToolsProtocol.on_response_complete)
    assert {"disconnected", "message_event", "response_complete"} <= names_in(HttpToolsProtocol.connection_lost)


def test_uvicorn_makes_the_servers_loop_and_gives_it_sockets() -> None:
    """``cli/accepting_loop.py``."""
    config = uvicorn.Config("", loop="service.cli.accepting_loop:AcceptingLoop")
    assert config.get_loop_factory() is AcceptingLoop
    assert "create_server" in names_in(uvicorn.Server.startup)


def test_uvicorns_supervisor_works_in_the_steps_that_ours_replaces() -> None:
    """``cli/supervisor.py``, ``cli/serve.py`` and ``cli/worker_health.py``."""
    known = names_in(Multiprocess.__init__) | names_in(Multiprocess.run) | names_in(uvicorn.Server.serve)
    attributes = {"config", "sockets", "processes", "should_exit", "signal_queue"}
    assert known >= {*attributes, "init_processes", "keep_subprocess_alive", "capture_signals"}


def test_asyncpg_hands_its_protocol_and_transport_to_a_connection() -> None:
    """``platform/storage/postgresql.py``."""
    assert list(inspect.signature(asyncpg.Connection).parameters)[:2] == ["protocol", "transport"]


def test_sqlalchemy_takes_a_connection_of_asyncpg_that_we_make() -> None:
    """``platform/storage/postgresql.py``."""
    options = {"async_creator_fn", "prepared_statement_cache_size", "prepared_statement_name_func"}
    assert names_in(AsyncAdapt_asyncpg_dbapi.connect) >= options


def test_sqlalchemy_tells_the_parameters_of_a_compiled_statement() -> None:
    """``platform/storage/portable.py``."""
    compiled = insert(SiteRow).values(slug="a").compile(dialect=sqlite.dialect())
    assert isinstance(compiled, SQLCompiler)
    assert [compiled.binds[name].value for name in compiled.positiontup or []][:1] == ["a"]


def test_httpx_sends_through_the_pool_that_we_replace() -> None:
    """``platform/outbound/safe_client.py``."""
    assert "_pool" in names_in(httpx2.AsyncHTTPTransport.handle_async_request)


def test_sse_starlette_finds_the_server_behind_our_signal_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """``shutdown.py``."""
    handlers: dict[int, Any] = dict.fromkeys(
        (signal.SIGINT, signal.SIGTERM), uvicorn.Server(uvicorn.Config("")).handle_exit
    )
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(signal, "getsignal", handlers.__getitem__)
    server = handlers[signal.SIGTERM].__self__
    limit_shutdown(1)
    assert sse._get_uvicorn_server() is server  # type: ignore[no-untyped-call]  # the package has no types here


def test_a_histogram_counts_many_observations_in_one_bucket() -> None:
    route = "/of-this-test"
    count_requests("GET", route, "200", number=3, seconds=0.006)
    counted = {
        (each.name.removeprefix(LATENCY._name), each.labels.get("le")): each.value
        for metric in LATENCY.collect()
        for each in metric.samples
        if each.labels["route"] == route
    }
    assert counted["_count", None] == 3
    assert counted["_sum", None] == 0.006
    assert (counted["_bucket", "0.001"], counted["_bucket", "0.0025"]) == (0, 3)
