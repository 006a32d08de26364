"""The compose file is valid, keeps to itself by default, and .env.example explains every variable in it."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import typer
import yaml
from compose_spec import PyCompose
from pydantic_settings import BaseSettings

from api.cli import app
from api.settings import Settings as ApiSettings
from investigator_ui.settings import Settings as UiSettings
from tests.tooling.repository import ROOT

COMPOSE_FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)")
EXAMPLE_LINE = re.compile(r"^([A-Z0-9_]+)=(.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    return dict(EXAMPLE_LINE.findall((ROOT / ".env.example").read_text(encoding="utf-8")))


def compose_client() -> list[str] | str:
    """The client on this machine, or why there is none that can read the file."""
    reason = "no docker or docker-compose on this machine"
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        version = subprocess.run([*command, "version", "--short"], capture_output=True, check=False, text=True)
        found = re.match(r"v?(\d+)\.(\d+)", version.stdout)
        if found is None:
            reason = f"{' '.join(command)} version: {version.stderr.strip().splitlines()[:1]}"
        elif (int(found[1]), int(found[2])) < (2, 24):
            reason = (
                f"docker-compose {version.stdout.strip()} does not know files that need not be there; 2.24 and later do"
            )
        else:
            return command
    return reason


@pytest.mark.parametrize("profiles", [[], ["--profile", "neo4j"]], ids=["sqlite", "neo4j"])
def test_docker_compose_accepts_the_file(profiles: list[str]) -> None:
    client = compose_client()
    if isinstance(client, str):
        pytest.skip(f"{client}; the file is held against the Compose Specification below all the same")
    result = subprocess.run(
        [*client, *profiles, "--env-file", ".env.example", "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_what_sorts_gigabytes_does_so_on_the_volume_and_not_in_memory(compose: dict[str, Any]) -> None:
    api = compose["services"]["api"]
    volumes = [volume.split(":")[1] for volume in api["volumes"]]
    assert api["environment"]["SQLITE_TMPDIR"] in volumes
    assert api["environment"]["SQLITE_TMPDIR"] not in api["tmpfs"]


def in_place(example: dict[str, str]) -> dict[str, Any]:
    """The file as a client reads it: variables and merge keys are gone."""
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{([A-Z0-9_]+)(?::-[^}]*)?\}", lambda found: example[found[1]], text))


def test_the_file_keeps_to_the_compose_specification(example: dict[str, str]) -> None:
    read = PyCompose.from_yaml(yaml.safe_dump(in_place(example)))
    assert sorted(read.service_names()) == ["api", "neo4j", "ui"]


@pytest.mark.parametrize(
    ("setting", "mistake"),
    [("cap_drop", {"capdrop": ["ALL"]}), ("restart", {"restart": "sometimes"}), ("init", {"init": "perhaps"})],
)
def test_a_mistake_in_the_file_would_be_found(example: dict[str, str], setting: str, mistake: dict[str, Any]) -> None:
    file = in_place(example)
    del file["services"]["api"][setting]
    file["services"]["api"] |= mistake
    with pytest.raises(ValueError, match=r"services\.api"):
        PyCompose.from_yaml(yaml.safe_dump(file))


def test_every_variable_is_explained_in_the_example_and_none_is_left_over(example: dict[str, str]) -> None:
    assert set(VARIABLE.findall(COMPOSE_FILE.read_text(encoding="utf-8"))) == set(example)


def test_the_example_gives_the_same_defaults_as_the_compose_file(example: dict[str, str]) -> None:
    defaults = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]*)\}", COMPOSE_FILE.read_text(encoding="utf-8")))
    assert defaults == example


@pytest.mark.parametrize(("service", "settings"), [("api", ApiSettings), ("ui", UiSettings)])
def test_each_service_is_given_only_settings_that_it_reads(
    compose: dict[str, Any], service: str, settings: type[BaseSettings]
) -> None:
    read = {f"GUANXI_{name}".upper() for name in settings.model_fields} | {"SQLITE_TMPDIR"}
    assert set(compose["services"][service]["environment"]) <= read


def test_the_services_run_commands_that_exist(compose: dict[str, Any]) -> None:
    (api_command,) = compose["services"]["api"]["command"]
    assert api_command in {command.name for command in typer.main.get_command(app).commands.values()}
    assert compose["services"]["ui"]["entrypoint"] == ["python", "-m", "investigator_ui"]
    assert (ROOT / "investigator_ui" / "__main__.py").is_file()


def test_secrets_have_no_value_in_the_repository(example: dict[str, str]) -> None:
    secrets = {name: value for name, value in example.items() if re.search("SECRET|PASSWORD|TOKEN|KEY", name)}
    assert secrets
    assert set(secrets.values()) == {""}


def test_neo4j_starts_only_when_its_profile_is_asked_for(compose: dict[str, Any]) -> None:
    by_default = {name for name, service in compose["services"].items() if "profiles" not in service}
    assert by_default == {"api", "ui"}
    assert compose["services"]["neo4j"]["profiles"] == ["neo4j"]


def test_every_service_reports_health_and_is_published_on_the_loopback_by_default(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
        assert all(port.startswith("${PUBLISH_ADDRESS:-127.0.0.1}:") for port in service["ports"]), name


def test_data_lives_on_named_volumes(compose: dict[str, Any]) -> None:
    mounted = {v.split(":")[0] for service in compose["services"].values() for v in service.get("volumes", [])}
    assert mounted == set(compose["volumes"])


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert users
    assert users[-1] not in {"root", "0"}
