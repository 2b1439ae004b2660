"""The command line, one file per command."""

from importlib import import_module

import click

from service.cli.errors import OneLineErrors

COMMANDS = ("demo", "import", "key", "migrate", "moderator", "reader", "serve", "site", "verify", "webhooks", "worker")


class LazyCommands(OneLineErrors):
    """Loads a command's module only when the command is called, which keeps every command's start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command called ``cmd_name``, or None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        # “import” is a keyword, so no module of that name can be imported.
        module = import_module(f"service.cli.{'import_' if cmd_name == 'import' else cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onereply")
def main() -> None:
    """One Reply: the comment thread under every article of a news site."""
