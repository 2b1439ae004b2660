"""Set and delete a site's secrets, each logged as a change of the settings, without the secret."""

import secrets as random

from service.platform import clock
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.outbound.webhook_signatures import InvalidWebhookSecret, check_secret, make_secret
from service.platform.problems import InvalidField, NotFound
from service.platform.sites.model import SecretName
from service.platform.sites.site_lookup import Site, Sites
from service.platform.sites.site_secrets import InvalidSecret, Secrets, remove_secret
from service.platform.storage.engine import Database

OF_WEBHOOKS: tuple[SecretName, ...] = ("article-webhooks", "screening-webhook")


def generate_secret(name: SecretName) -> str:
    """Return a new secret ``name``; raises InvalidField for one that comes from elsewhere."""
    if name == "akismet-key":
        raise InvalidField("The Akismet key comes from Akismet; paste it here.", pointer="/secret")
    if name == "oidc-client":
        raise InvalidField("The client's secret comes from your OpenID provider; paste it here.", pointer="/secret")
    return make_secret() if name in OF_WEBHOOKS else random.token_urlsafe(32)


async def save_secret(
    database: Database, secrets: Secrets, sites: Sites, site: Site, *, name: SecretName, text: str, by: Actor
) -> None:
    """Store ``text`` as the secret ``name``, replacing any other; raises InvalidField."""
    try:
        if name in OF_WEBHOOKS:
            check_secret(text)
        async with database.write() as connection:
            await secrets.store(connection, site, name, text)
            await record_decisions(connection, [_decision(site, name, by)], now=clock.now())
    except (InvalidSecret, InvalidWebhookSecret) as error:
        raise InvalidField(str(error), pointer="/secret") from None
    sites.evict(site.slug)


async def delete_secret(database: Database, sites: Sites, site: Site, name: SecretName, *, by: Actor) -> None:
    """Delete a secret; raises NotFound."""
    async with database.write() as connection:
        if not await remove_secret(connection, site, name):
            raise NotFound
        await record_decisions(connection, [_decision(site, name, by)], now=clock.now())
    sites.evict(site.slug)


def _decision(site: Site, name: SecretName, by: Actor) -> NewDecision:
    return NewDecision(site.id, "settings", by, reason=f"secret {name}")
