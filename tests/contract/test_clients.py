"""Clients that others' generators make of the contract as it is served: their types hold, and they work."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.contract.a_real_service import SITE, a_real_service
from tests.contract.tools import HERE, environment, modules, node_tool, python_tool
from tests.installing import node, run

PROGRAMS = HERE / "clients"
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes")
MODULES = ("--target", "es2022", "--module", "nodenext", "--types", "node")


@pytest.fixture(scope="session")
def dialect() -> str:
    """One database is enough: clients do not see which."""
    return "sqlite"


@pytest.mark.slow
async def test_a_generated_python_client_has_types_that_hold_and_works(fresh_database_url: str, tmp_path: Path) -> None:
    async with a_real_service(fresh_database_url) as service:
        contract = await service.contract(tmp_path)
        arguments = (service.url, SITE, service.tokens["host"])
        await asyncio.to_thread(_prove_python, contract, arguments)


@pytest.mark.slow
async def test_a_generated_typescript_client_has_types_that_hold_and_works(
    fresh_database_url: str, tmp_path: Path
) -> None:
    async with a_real_service(fresh_database_url) as service:
        contract = await service.contract(tmp_path)
        arguments = (service.url, SITE, service.tokens["host"])
        await asyncio.to_thread(_prove_typescript, contract, arguments)


def _prove_python(contract: Path, arguments: tuple[str, ...]) -> None:
    folder, program, tools = contract.parent, str(PROGRAMS / "a_python_client.py"), environment() / "bin"
    client = folder / "onereply_client"
    generate = [*python_tool("openapi-python-client"), "generate", "--meta=none", "--fail-on-warning"]
    generate += [f"--config={HERE / 'openapi-python-client.yaml'}"]
    run([*generate, f"--path={contract}", f"--output-path={client}"], PATH=f"{tools}:{os.environ['PATH']}")
    # What the generator wrote is its own affair, and not strict; that the program uses it rightly is ours.
    check = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    check += [f"--python-executable={tools / 'python'}", f"--cache-dir={folder / 'mypy'}"]
    run([*check, program], MYPYPATH=str(folder))
    run([tools / "python", program, *arguments], PYTHONPATH=str(folder))


def _prove_typescript(contract: Path, arguments: tuple[str, ...]) -> None:
    folder = contract.parent
    program = shutil.copy(PROGRAMS / "a_typescript_client.ts", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(modules())
    run([*node_tool("openapi-typescript"), str(contract), f"--output={folder / 'onereply.d.ts'}"])
    run([*node_tool("tsc"), *STRICT, *MODULES, "--typeRoots", str(modules() / "@types"), str(program)])
    run([*node(str(folder / "a_typescript_client.js")), *arguments])
