"""The tools that prove the contract from outside, installed as they are pinned and kept until a pin changes.

Why apart: schemathesis and openapi-python-client want other releases than the service does, so they have a virtual
environment of their own; the rest runs under Node, which comes as a package of the developers' environment.
"""

from pathlib import Path

from tests.installing import ROOT, node, node_modules, virtual_environment

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / ".venv-contract"
REQUIREMENTS = HERE / "tools-requirements.txt"


def python_tool(name: str) -> list[str]:
    """The command that runs a Python tool."""
    return [str(environment() / "bin" / name)]


def environment() -> Path:
    """The virtual environment of the Python tools."""
    return virtual_environment(ENVIRONMENT, of=REQUIREMENTS)


def node_tool(name: str) -> list[str]:
    """The command that runs a tool of ``package.json``, by its name in ``node_modules/.bin``."""
    return node(str(modules() / ".bin" / name))


def modules() -> Path:
    """The folder of the packages under Node."""
    return node_modules(HERE)
