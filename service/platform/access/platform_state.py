"""The platform's part of the app's state.

The state of the app is one typed struct. Each wing declares its own part and inherits the parts below it:
:class:`PlatformState`, then ``ConversationState``, ``ReadingState`` and ``IntegrationState``. The app makes the last.
"""

from urllib.parse import urlsplit

import msgspec

from service.platform.access.gate import Gate
from service.platform.access.oidc_provider import OidcProviders
from service.platform.outbound.safe_client import Targets
from service.platform.sites.site_secrets import Secrets
from service.platform.storage.engine import Database
from service.platform.storage.seal import Seal


class ServerState(msgspec.Struct, kw_only=True, frozen=True):
    """What every process that answers HTTP has; ``base_url`` and ``metrics_key`` are the settings of that name."""

    database: Database
    base_url: str | None = None
    metrics_key: str | None = None

    @property
    def base_path(self) -> str:
        """The path of the base URL, such as ``/comments``; empty for a host name of its own."""
        return urlsplit(self.base_url or "").path


class PlatformState(ServerState, kw_only=True, frozen=True):
    """The platform's part: the gate, the targets that outbound calls may reach, and the sites' secrets.

    ``report_seal`` encrypts the words of reported comments, ``sign_in_seal`` the steps between pages of a sign-in.
    """

    gate: Gate
    targets: Targets
    secrets: Secrets
    report_seal: Seal
    sign_in_seal: Seal
    oidc: OidcProviders
