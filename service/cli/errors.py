"""Turns bad input and database errors into one line on standard error, without a traceback."""

import errno

import click


def is_database_error(error: BaseException) -> bool:
    """Whether ``error`` comes from SQLAlchemy or asyncpg, whose connection errors SQLAlchemy does not wrap."""
    # Some commands need no database and should start fast.
    import asyncpg  # noqa: PLC0415 - slow to import
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - slow to import

    return isinstance(error, SQLAlchemyError | asyncpg.PostgresError | asyncpg.InterfaceError)


def one_line(error: BaseException) -> str:
    """The first line of the message of ``error`` or its cause, never a statement or its parameters."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines()
    return lines[0] if lines else type(cause).__name__


class OneLineErrors(click.Group):
    """A group that prints one line for errors of files, the network or the database."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; raises ClickException for an expected error."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            line = _expected(error)
            if line is None:
                raise
            raise click.ClickException(line) from None


def _expected(error: Exception) -> str | None:
    """The message for an error that a user can cause; None for a bug in this program."""
    if isinstance(error, UnicodeError):
        return "The input is not text in UTF-8."
    if isinstance(error, OSError) and error.errno != errno.EPIPE:  # click handles a closed pipe itself
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or one_line(error)}."
    if is_database_error(error):
        return f"Database error: {one_line(error)}"
    return None
