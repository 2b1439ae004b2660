"""Open the socket that a command listens on, before anything else starts."""

import errno
import os
import socket

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


def address_of(listener: socket.socket) -> str:
    """The URL of ``listener``."""
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
