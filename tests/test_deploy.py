"""The files of deploy/: right by their own linters where those are there, and about this program as it is."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from graphql_app.config.settings import Settings
from tests.harness.source_rules import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SETTINGS = {name.upper() for name in Settings.model_fields}
NOT_OURS = {"PATH", "PYTHONUNBUFFERED"}


def no_linter(name: str) -> NoReturn:
    """Ends the test: `.ci/run` has all linters, and sets REQUIRE_LINTERS so that none is missed unseen."""
    assert not os.environ.get("REQUIRE_LINTERS"), f"no {name}"
    pytest.skip(f"NOT LINTED: no {name}")


def lint(command: Sequence[str]) -> None:
    """Runs a linter; where there is none, skips loudly, or fails if linters are required."""
    program = shutil.which(command[0]) or shutil.which(command[0], path=str(Path(sys.executable).parent))
    if program is None:
        no_linter(command[0])
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def test_hadolint_is_content() -> None:
    lint(["hadolint", str(DEPLOY / "Dockerfile")])


def test_the_image_has_two_stages_no_root_and_a_health_check() -> None:
    found = instructions()
    words = [word for word, _ in found]
    assert words.count("FROM") == 2
    last = found[len(words) - words[::-1].index("FROM") :]
    assert [rest for word, rest in last if word == "USER"] == ["10001"]
    assert [rest.split()[0] for word, rest in last if word == "COPY"] == ["--from=build"]
    assert "/healthz" in next(rest for word, rest in last if word == "HEALTHCHECK")
    assert next(rest for word, rest in last if word == "CMD") == '["graphql-app", "serve"]'


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        name
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--")
        for name in rest.split()[:-1]
    ]
    assert set(copied) == set(kept)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_sets_settings_that_exist() -> None:
    names = re.findall(r"(?:ENV |^ +)([A-Z_]+)=", DOCKERFILE, re.MULTILINE)
    assert set(names) - NOT_OURS <= SETTINGS
    assert {"HOST", "PORT", "DATA_DIR"} <= set(names)


def test_the_compose_file_follows_the_specification() -> None:
    try:
        compose_spec = importlib.import_module("compose_spec")
    except ModuleNotFoundError:
        no_linter("compose-spec")
    parsed = compose_spec.PyCompose.from_yaml((DEPLOY / "compose.yaml").read_text())
    assert sorted(parsed.service_names()) == ["database", "graphql-app"]


def test_the_compose_file_builds_this_program_with_its_settings() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    ours = text.partition("\n  graphql-app:\n")[2]
    assert (DEPLOY / re.findall(r"context: (\S+)", ours)[0] / "deploy" / "Dockerfile").resolve().exists()
    settings = ours.partition("environment:\n")[2].partition("    ports:")[0]
    assert {line.split(":")[0].strip() for line in settings.splitlines()} <= SETTINGS
    # No password has a default that somebody could leave as it is.
    assert re.findall(r"_PASSWORD: (?!\$\{MYSQL_PASSWORD:\?|\"yes\")", text) == []


def manifest() -> dict[str, dict[str, Any]]:
    """The objects of the Kubernetes manifest, by kind; there is one of each."""
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    found = {one["kind"]: one for one in objects}
    assert len(found) == len(objects)
    return found


def test_kubernetes_takes_the_manifest() -> None:
    try:
        kubernetes_validate = importlib.import_module("kubernetes_validate")
    except ModuleNotFoundError:
        no_linter("kubernetes-validate")
    for one in manifest().values():
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    broken = manifest()["Deployment"]
    broken["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_the_objects_of_the_manifest_mean_each_other() -> None:
    found = manifest()
    deployment = found["Deployment"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", found["Deployment"]["metadata"]["name"])
    (container,) = deployment["template"]["spec"]["containers"]
    (config, secret) = container["envFrom"]
    assert config["configMapRef"]["name"] == found["ConfigMap"]["metadata"]["name"]
    text = (DEPLOY / "kubernetes.yaml").read_text()
    assert f"create secret generic {secret['secretRef']['name']} " in text
    written = set(re.findall(r"--from-literal=(\w+)=", text))
    assert set(found["ConfigMap"]["data"]) | written <= SETTINGS
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in found["Service"]["spec"]["ports"]} <= ports
    assert {container[probe]["httpGet"]["port"] for probe in container if probe.endswith("Probe")} <= ports


def test_pods_run_as_the_image_does_and_are_scaled_by_a_metric_that_exists() -> None:
    found = manifest()
    pod = found["Deployment"]["spec"]["template"]["spec"]
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert pod["securityContext"]["runAsUser"] == int(user)
    (container,) = pod["containers"]
    assert [str(port["containerPort"]) for port in container["ports"]] == re.findall(r"PORT=(\d+)", DOCKERFILE)
    metrics = found["HorizontalPodAutoscaler"]["spec"]["metrics"]
    named = {metric["pods"]["metric"]["name"] for metric in metrics if metric["type"] == "Pods"}
    assert named
    assert named <= documented_metrics().keys()
    # Before SIGTERM come the seconds of preStop, and the program takes 8 at most after it.
    assert pod["terminationGracePeriodSeconds"] > container["lifecycle"]["preStop"]["sleep"]["seconds"] + 8


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "graphql-app.service").read_text()
    (begun,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert begun.endswith("/graphql-app serve")
    # systemd wants the program to be there.
    (tmp_path / "graphql-app.service").write_text(text.replace(begun, shutil.which("true") or "/bin/true"))
    lint(["systemd-analyze", "verify", str(tmp_path / "graphql-app.service")])


def dashboard() -> dict[str, Any]:
    """The Grafana dashboard."""
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    return loaded


def expressions(node: object) -> Iterator[str]:
    """Every query in it."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "definition") and isinstance(value, str):
                yield value
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


def documented_metrics() -> dict[str, set[str]]:
    """The series that docs/metrics.md promises, with their labels."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    found: dict[str, set[str]] = {}
    for name, kind, labels in rows:
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            found[name + suffix] = set(re.findall(r"`(\w+)`", labels))
    return found


def test_the_dashboard_shows_metrics_that_exist() -> None:
    metrics = documented_metrics()
    assert len(metrics) > 20
    shown = {name for text in expressions(dashboard()) for name in re.findall(r"graphql_app_\w+", text)}
    assert len(shown) > 20
    assert shown - metrics.keys() == set()


def test_the_dashboard_groups_by_labels_that_exist() -> None:
    metrics = documented_metrics()
    for text in expressions(dashboard()):
        by = set(re.findall(r"\w+", ",".join(re.findall(r"by \(([^)]*)\)", text)))) - {"le", "instance"}
        used = set().union(*(metrics[name] for name in re.findall(r"graphql_app_\w+", text)))
        assert by <= used, text


def test_the_panels_lie_beside_each_other() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")


def test_the_metrics_that_operators_are_told_of_exist() -> None:
    told = set(re.findall(r"graphql_app_\w+", (ROOT / "docs" / "operations.md").read_text()))
    assert {name for name in told if name != "graphql_app_ledger"} <= {
        name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in documented_metrics()
    }


def test_every_file_of_deploy_is_told_of() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    files = [path.relative_to(ROOT).as_posix() for path in DEPLOY.rglob("*") if path.is_file()]
    assert [
        name for name in files if not any(fnmatch(name, part) for part in re.findall(r"deploy/[\w./-]+", told))
    ] == []
