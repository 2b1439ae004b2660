"""The command line, a file a command."""

from importlib import import_module

import click

from service.cli.errors import ErrorsInOneLine

COMMANDS = ("demo", "import", "key", "migrate", "moderator", "serve", "site", "verify", "webhooks", "worker")


class OneFileEach(ErrorsInOneLine):
    """Loads a command's file only when it is asked for, so that each starts as fast as it can."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``."""
        if cmd_name not in COMMANDS:
            return None
        # “import” can't be a module that anyone imports by name.
        module = import_module(f"service.cli.{'import_' if cmd_name == 'import' else cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=OneFileEach, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onereply")
def main() -> None:
    """One Reply: the comment thread under every article of a news site."""
