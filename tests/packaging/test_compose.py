"""The compose file and the image: least privilege, no secret inside, and only settings that there are."""

import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
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
            if "KEY" in name or "PASSWORD" in name or "URL" in name:
                assert re.search(r"\$\{\w+:\?", value), name
    assert "SECRET" not in DOCKERFILE


def test_only_settings_that_there_are_are_set() -> None:
    named = set(re.findall(r"\bONEREPLY_[A-Z_]+", DOCKERFILE)) | set(COMPOSE["services"]["onereply"]["environment"])
    assert named <= SETTINGS


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
