"""The compose file and the image: least privilege, no secret inside, and only settings that there are."""

import re
import stat
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec
import yaml

from service.settings import PREFIX, Settings
from tests.reading.docs.documents import blocks_of

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DEBIAN = re.findall(r"^ARG DEBIAN=(\S+)$", DOCKERFILE, re.MULTILINE)[0]
INSTALL = ROOT / "service/reading/docs/guides/install.md"
SETTINGS = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}


def test_the_service_may_do_no_more_than_it_must() -> None:
    for name in ("onereply", "worker"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    assert re.search(r"^USER \d+:\d+$", DOCKERFILE, re.MULTILINE)


def test_nothing_but_the_service_can_be_reached_from_outside_and_that_only_from_the_machine() -> None:
    assert {name for name, each in COMPOSE["services"].items() if "ports" in each} == {"onereply"}
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["onereply"]["ports"])


def test_secrets_come_from_outside() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            if "KEY" in name or "PASSWORD" in name or "DATABASE_URL" in name:
                assert re.search(r"\$\{\w+:\?", value), name
    assert "SECRET" not in DOCKERFILE


def test_only_settings_that_there_are_are_set() -> None:
    named = set(re.findall(r"\bONEREPLY_[A-Z_]+", DOCKERFILE)) | set(COMPOSE["services"]["onereply"]["environment"])
    assert named <= SETTINGS


def test_a_proxy_on_the_same_machine_is_trusted_and_nothing_else() -> None:
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])
    environment = COMPOSE["services"]["onereply"]["environment"]
    default = re.fullmatch(r"\$\{ONEREPLY_TRUSTED_PROXIES:-(.*)\}", environment["ONEREPLY_TRUSTED_PROXIES"])
    assert default and default[1] == network["gateway"]
    assert "ONEREPLY_BASE_URL" in environment


def test_every_image_is_pinned_to_an_exact_version_or_a_digest() -> None:
    images = [service["image"] for service in COMPOSE["services"].values() if "image" in service]
    images += [re.sub(r"^\$\{DEBIAN\}$", DEBIAN, each) for each in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)]
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(-[a-z]+)?(@sha256:[0-9a-f]{64})?", image), image


def test_the_guides_command_creates_secrets_that_only_the_owner_reads(tmp_path: Path) -> None:
    [command] = [code for code in blocks_of(INSTALL, "sh") if "> .env" in code]
    run = ("bash", "-ec", f"umask 022\n{command}")
    subprocess.run(run, cwd=tmp_path, check=True)
    created = tmp_path / ".env"
    text = created.read_text()
    assert subprocess.run(run, cwd=tmp_path, check=False).returncode and created.read_text() == text
    assert stat.filemode(created.stat().st_mode) == "-rw-------"
    names = [line.partition("=")[0] for line in text.splitlines()]
    assert names == re.findall(r"\$\{(\w+):\?", str(COMPOSE["services"]["onereply"]))


def test_the_image_has_a_health_check_and_migrates_only_when_told() -> None:
    assert "HEALTHCHECK" in DOCKERFILE
    assert "--migrate" not in DOCKERFILE
    assert "--migrate" in COMPOSE["services"]["onereply"]["command"]


def test_the_image_is_built_of_what_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == sent
