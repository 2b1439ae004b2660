"""The contract tried on a running service by schemathesis: thousands of requests that fit it or just fail to, as each
kind of caller, and answers that must be what it says.

The cases are the same each time. What no schema can say is in ``what_no_schema_says.py``, the rest in
``schemathesis.toml``.
"""

import asyncio
from pathlib import Path

import pytest

from tests.contract.a_real_service import a_real_service
from tests.contract.lint import contract, operations
from tests.contract.tools import HERE, python_tool
from tests.installing import run

# Each caller on one database: what the contract says of a response does not depend on it.
CALLERS = [
    ("sqlite", "nobody"),
    ("postgresql", "reader"),
    ("sqlite", "host"),
    ("postgresql", "moderator"),
    ("postgresql", "admin"),
    ("sqlite", "session"),
]
AS_CALLER = 'headers = {{ Authorization = "Bearer {token}" }}\n'
# A session that has logged out would be refused everywhere, so another one does.
LOGGING_OUT = """
[[operations]]
include-operation-id = "deleteSession"
headers = {{ Authorization = "Bearer {token}" }}
"""
ENDLESS = 1  # operations that schemathesis.toml leaves out
CASES = "5"  # of each operation and kind, beyond the systematic ones


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "caller"), CALLERS, indirect=["dialect"])
async def test_schemathesis_finds_nothing(fresh_database_url: str, caller: str, tmp_path: Path) -> None:
    command = await asyncio.to_thread(python_tool, "schemathesis")
    async with a_real_service(fresh_database_url) as service:
        config = tmp_path / "schemathesis.toml"
        settings = (HERE / "schemathesis.toml").read_text().replace("COMMENT", service.comment)
        if caller in service.tokens:
            settings = AS_CALLER.format(token=service.tokens[caller]) + settings
        if caller == "session":
            settings += LOGGING_OUT.format(token=service.tokens["session to end"])
        config.write_text(settings)
        # From a file, for schemathesis leaves out the operation that it reads the contract by.
        document = await service.contract(tmp_path)
        command += [f"--config-file={config}", "run", str(document), f"--url={service.url}", f"--max-examples={CASES}"]
        told = await asyncio.to_thread(run, command, SCHEMATHESIS_HOOKS=str(HERE / "what_no_schema_says.py"))
        count = len(operations(contract()))
        assert f"{count - ENDLESS} selected / {count} total" in told
        # Schemathesis also tries what is no HTTP at all, and rules that ask a screening webhook without a secret.
        complaints = [each["event"] for each in service.server.complaints()]
        assert set(complaints) <= {"Invalid HTTP request received.", "screening-webhook-skipped"}
