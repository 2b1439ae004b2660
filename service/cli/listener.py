"""Open the socket that a command listens on, before anything else starts."""

import errno
import os
import socket
import stat
from pathlib import Path

import click


def listen_or_stop(host: str, port: int) -> socket.socket:
    """Return a socket that listens at ``host`` and ``port`` (0: any free port).

    If that fails, the command stops with one line that names the port and the fix.
    """
    is_ipv6 = ":" in host
    try:
        return socket.create_server(
            (host, port),
            family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
            dualstack_ipv6=is_ipv6 and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise click.ClickException(_reason(error, host, port)) from None
    except UnicodeError:
        raise click.ClickException(f"“{host}” is not a host. Give an address of this machine with --host.") from None


def listen_on_path_or_stop(path: Path, mode: int) -> socket.socket:
    """Return a Unix socket that listens at ``path`` with the permissions ``mode``.

    A socket that an earlier process has left is replaced. Any other failure stops the command with one line.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o777 & ~mode)  # from the start: a later chmod would leave a moment with other permissions
    try:
        _delete_stale(path)
        listener.bind(str(path))
        listener.listen()
        return listener
    except OSError as error:
        listener.close()
        raise click.ClickException(_unix_reason(error, path)) from None
    finally:
        os.umask(umask)


def _delete_stale(path: Path) -> None:
    """Delete the socket at ``path`` if nobody listens on it; raises OSError (``EADDRINUSE``) otherwise."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if is_socket and probe.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()


def _unix_reason(error: OSError, path: Path) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{path} is in use. Stop the program that uses it, or choose another path with --uds."
    reason = os.strerror(error.errno) if error.errno else str(error)  # "AF_UNIX path too long" has no number
    return f"Can't listen on {path}: {reason}. Choose another path with --uds."


def address_of(listener: socket.socket) -> str:
    """The URL of ``listener``, or ``unix:`` and its path."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL:  # negative: from the resolver, not the kernel
        return f"{host} is not an address of this machine. Give another with --host."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use. Stop the program that uses it, or choose another with --port."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"This user may not listen on port {port} of {host}. Choose another with --port, 1024 or higher."
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"Can't listen on port {port} of {host}: {reason}. Choose another with --port."
