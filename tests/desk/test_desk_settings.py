"""Settings, sections, keys, moderators and secrets in the desk, as an admin without a script changes them."""

import re
import tomllib
from typing import Any

import pytest

from service.desk.administration.settings_page import GROUPS
from service.desk.frame.desk_messages import FOLDER
from service.platform.sites.model import SECRETS
from service.platform.sites.site_settings import SiteSettings
from tests.builders import ASite, set_rules, try_log_in
from tests.desk.a_desk_client import ADesk, sign_in, text_of
from tests.desk.form_of_page import form_of

WRONG = [
    ("max_depth", "21"),
    ("max_depth", ""),
    ("time_zone", "Mars/Olympus"),
    ("opening_hours", "always"),
    ("opening_hours", "Mo 25:00-26:00"),
    ("cors_origins", "gazette"),
    ("post_limit_per_reader", "5 a minute"),
    ("jwt_jwks_url", "ftp://a.example"),
    ("who_may_post", "subscribers"),
    ("who_may_post", "plan:"),
    ("decision_reasons", "house-rules en"),
    ("oidc_roles", "editors"),
    ("oidc_roles", "editors = owner"),
    ("oidc_roles", "editors = admin: sport"),
    ("oidc_issuer", "https://"),
    ("desk_frame_origins", "*"),
    ("decision_reasons", "House en It is rude."),
    ("screening_webhook_url", "http://user@a.example/"),
    ("sign_in_url", "javascript:alert(1)"),
    ("mode", "eat"),
]


async def settings_of(site: ASite) -> dict[str, Any]:
    read: dict[str, Any] = (await site.call("GET", "/settings", by="admin")).json()
    return read


async def log_of(site: ASite) -> list[tuple[str, str, str]]:
    listed = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    return [(each["action"], each["reason"], each["decided_by"]["name"]) for each in listed]


async def filled(desk: ADesk, path: str, **changes: Any) -> list[tuple[str, str]]:
    return form_of((await desk.get(path)).text, path.partition("?")[0], **changes)


def test_every_setting_is_in_a_group_and_has_a_sentence() -> None:
    names = {name for names in GROUPS.values() for name in names} | {"sections"}
    assert names == {*SiteSettings.__struct_fields__}
    catalogue = tomllib.loads((FOLDER / "en.toml").read_text())
    assert {*catalogue["setting_help"]} == names
    assert {*catalogue["secret_help"]} == {*SECRETS}


async def test_an_admin_changes_settings_and_the_change_is_logged(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    fields = await filled(
        desk,
        "settings",
        mode="hold-first-timers",
        close_after_days="14",
        require_email="on",
        exempt_staff=None,
        opening_hours="Mo-Fr 08:00-22:00",
        who_may_post="plan: gold, silver",
        decision_reasons="house-rules en It breaks our house rules.\nhouse-rules de Gegen die Hausregeln.",
        cors_origins="HTTPS://Gazette.example/",
        oidc_roles="CN=Editors,OU=News = admin\nsport = moderator: Sport; Arts, Culture\nnews = moderator",
    )
    page = await desk.follow(await desk.send("settings", fields))
    assert "Saved." in text_of(page)
    settings = await settings_of(site)
    assert (settings["mode"], settings["close_after_days"], settings["require_email"]) == (
        "hold-first-timers",
        14,
        True,
    )
    assert settings["exempt_staff"] is False
    assert settings["who_may_post"] == {"claim": "plan", "values": ["gold", "silver"]}
    texts = {"en": "It breaks our house rules.", "de": "Gegen die Hausregeln."}
    assert settings["decision_reasons"] == {"house-rules": texts}
    assert settings["cors_origins"] == "https://gazette.example"
    assert settings["oidc_roles"] == {
        "CN=Editors,OU=News": {"role": "admin"},
        "sport": {"role": "moderator", "sections": ["Sport", "Arts, Culture"]},
        "news": {"role": "moderator"},
    }
    [(action, reason, by)] = await log_of(site)
    assert (action, by) == ("settings", "Ada")
    assert reason.startswith("mode, require_email, close_after_days, opening_hours, cors_origins")
    await desk.follow(await desk.send("settings", await filled(desk, "settings")))
    assert await settings_of(site) == settings


async def test_a_setting_that_is_wrong_is_marked_and_nothing_is_lost_or_saved(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    before = await settings_of(site)
    page = await desk.get("settings")
    for name, wrong in WRONG:
        fields = form_of(page.text, "settings", **{"edit_window_seconds": "77", name: wrong})
        refused = await desk.send("settings", fields)
        assert refused.status_code == 422, (name, wrong)
        assert 'value="77"' in refused.text
        marked = re.search(rf'name="{name}"[^>]*aria-describedby="([^"]*)" aria-invalid="true"', refused.text)
        assert marked, (name, wrong)
        assert all(f'id="{each}"' in refused.text for each in marked[1].split())
    assert await settings_of(site) == before


async def test_settings_that_somebody_else_changed_meanwhile_are_not_overwritten(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    mine = await filled(desk, "settings", max_depth="3")
    await site.call("PATCH", "/settings", by="admin", json={"mode": "hold"})
    page = await desk.send("settings", mine)
    assert page.status_code == 409
    assert (await settings_of(site))["mode"] == "hold"
    await desk.follow(await desk.send("settings", form_of(page.text, "settings")))
    assert (await settings_of(site))["max_depth"] == 3


async def test_an_admin_changes_what_differs_in_a_section(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    path = "settings/sections?section=city/west"
    fields = await filled(desk, path, mode="hold", close_after_days="", differs=["mode", "close_after_days"])
    await desk.follow(await desk.send("settings/sections", fields))
    assert (await settings_of(site))["sections"] == {"city/west": {"mode": "hold", "close_after_days": None}}
    listed = text_of(await desk.get("settings/sections"))
    assert "city/west mode close_after_days" in listed
    wrong = await filled(desk, path, opening_hours="always", differs=["opening_hours"])
    refused = await desk.send("settings/sections", wrong)
    assert refused.status_code == 422
    assert 'value="always"' in refused.text
    await desk.follow(await desk.send("settings/sections", await filled(desk, path, differs=None)))
    assert (await settings_of(site))["sections"] == {}
    assert (await desk.send("settings/sections", {})).status_code == 422


async def test_a_key_is_shown_once_and_can_be_revoked(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    created = await desk.send("settings/keys", {"role": "moderator"})
    assert created.status_code == 201
    [secret] = re.findall(r"ork_\w+_[\w-]+", created.text)
    assert (await site.call("GET", "/queue", by=secret)).status_code == 200
    page = await desk.get("settings/keys")
    assert secret not in page.text
    key_id = secret.split("_")[1]
    await desk.follow(await desk.send(f"settings/keys/{key_id}/revoke"))
    assert (await desk.send(f"settings/keys/{key_id}/revoke")).status_code == 404
    assert await log_of(site) == [
        ("revoke-key", key_id, "Ada"),
        ("add-key", f"{key_id} (moderator)", "Ada"),
    ]
    assert (await desk.send("settings/keys", {"role": "emperor"})).status_code == 422


async def test_moderators_are_added_changed_and_removed(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    added = await desk.send("settings/moderators", {"name": "Tom", "role": "moderator", "sections": "sport\ncity\n"})
    assert added.status_code == 201
    [password] = re.findall(r'<code class="secret">([^<]*)</code>', added.text)
    assert (await try_log_in(site, "Tom", password)).status_code == 201
    listed = (await site.call("GET", "/moderators", by="admin")).json()["moderators"]
    tom = next(each for each in listed if each["name"] == "Tom")
    assert tom["sections"] == ["city", "sport"]
    path = f"settings/moderators/{tom['id']}"
    await desk.follow(await desk.send(path, {"role": "moderator", "sections": "city\nsport", "password": "x" * 20}))
    assert (await try_log_in(site, "Tom", password)).status_code == 401
    await desk.follow(await desk.send(path, {"role": "admin", "sections": "city\nsport"}))
    await desk.follow(await desk.send(f"{path}/remove"))
    assert (await desk.send(f"{path}/remove")).status_code == 404
    assert await log_of(site) == [
        ("remove-moderator", "Tom", "Ada"),
        ("change-moderator", "Tom: role", "Ada"),
        ("change-moderator", "Tom: password", "Ada"),
        ("add-moderator", "Tom (moderator)", "Ada"),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Ada", "role": "moderator"}, "name"),
        ({"role": "moderator", "sections": "sport"}, "name"),
        ({"name": "Tom", "role": "admin", "sections": "sport"}, "sections"),
        ({"name": "Tom", "role": "moderator", "password": "short"}, "password"),
        ({"name": "Tom", "role": "emperor"}, "role"),
    ],
)
async def test_an_account_that_can_not_be_made_is_explained_at_its_field(
    site: ASite, fields: dict[str, str], field: str
) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    refused = await desk.send("settings/moderators", fields)
    assert refused.status_code == 422
    assert f'id="new-{field}-error"' in refused.text
    assert f'name="{field}"' in refused.text
    for name in ("name", "sections"):
        assert fields.get(name, "") in refused.text


async def test_the_last_admin_stays(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    keys = (await site.call("GET", "/keys", by="admin")).json()["keys"]
    admin_key = next(each["id"] for each in keys if each["role"] == "admin")
    await desk.follow(await desk.send(f"settings/keys/{admin_key}/revoke"))
    page = await desk.get("settings/moderators")
    [path] = re.findall(r'action="/desk/[^/]+/(settings/moderators/[0-9a-f]{12})"', page.text)
    for sent in (await desk.send(path, {"role": "moderator"}), await desk.send(f"{path}/remove")):
        assert sent.status_code == 422
        assert "Create another admin key or account first." in text_of(sent)
    assert (await desk.get("settings")).status_code == 200


async def test_secrets_are_set_and_never_shown_again(site: ASite) -> None:
    await set_rules(site, akismet="hold")
    desk = await sign_in(site, "Ada", role="admin")
    generated = await desk.send("settings/secrets", {"name": "screening-webhook", "secret": ""})
    assert generated.status_code == 201
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", generated.text.replace("&#43;", "+"))
    await desk.follow(await desk.send("settings/secrets", {"name": "akismet-key", "secret": "c0ffee"}))
    page = await desk.get("settings/secrets")
    assert "c0ffee" not in page.text
    assert secret not in page.text
    assert text_of(page).count("Set since") == 2
    for fields in (
        {"name": "akismet-key"},
        {"name": "article-webhooks", "secret": "whsec_short"},
        {"name": "host-token", "secret": "short"},
    ):
        refused = await desk.send("settings/secrets", fields)
        assert refused.status_code == 422
        assert f'id="{fields["name"]}-error"' in refused.text
        assert "short" not in refused.text
    await desk.follow(await desk.send("settings/secrets/delete", {"name": "akismet-key"}))
    assert (await desk.send("settings/secrets/delete", {"name": "akismet-key"})).status_code == 404
    assert text_of(await desk.get("settings/secrets")).count("Set since") == 1
    reasons = [reason for _, reason, by in await log_of(site) if by == "Ada"]
    assert reasons == ["secret akismet-key", "secret akismet-key", "secret screening-webhook"]
