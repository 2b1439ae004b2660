"""What bad input and an unavailable database end a command with: one line, no traceback."""

import errno

import click


def is_database_error(error: BaseException) -> bool:
    """Whether ``error`` is of SQLAlchemy, or of asyncpg, whose own come as they are while a connection is made."""
    # Loaded only now: some commands need no database, and each starts as fast as it can.
    import asyncpg  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    return isinstance(error, SQLAlchemyError | asyncpg.PostgresError | asyncpg.InterfaceError)


def one_line(error: BaseException) -> str:
    """The first line of what ``error`` says, or of what it wraps: never a statement or its parameters."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines()
    return lines[0] if lines else type(cause).__name__


class ErrorsInOneLine(click.Group):
    """A group whose commands end with one line where a file, the network or the database refuses."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            line = _expected(error)
            if line is None:
                raise
            raise click.ClickException(line) from None


def _expected(error: Exception) -> str | None:
    """The line for an error that a user can cause; nothing for any other, which is a fault of this program."""
    if isinstance(error, UnicodeError):
        return "The input is not text in UTF-8."
    if isinstance(error, OSError) and error.errno != errno.EPIPE:  # click knows a reader that has gone
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or one_line(error)}."
    if is_database_error(error):
        return f"The database refused: {one_line(error)}"
    return None
