"""The third-party files that ship: as their manifest says, licences enclosed, nothing loaded from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphql_app.http.static_files import FOLDER, MEDIA_TYPES

ROOT = Path(__file__).resolve().parents[2]
VENDOR = FOLDER / "vendor"
MANIFEST = VENDOR / "manifest.json"
OWN = sorted(path for path in FOLDER.rglob("*") if path.is_file() and VENDOR not in path.parents)
PERMISSIVE = {"MIT", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC"}


@dataclass(frozen=True, slots=True)
class Stated:
    """What the manifest says."""

    files: dict[str, tuple[int, str]]
    packages: dict[str, str]


@pytest.fixture(scope="module")
def stated() -> Stated:
    """The manifest."""
    text = json.loads(MANIFEST.read_text("utf-8"))
    files = {name: (entry["bytes"], entry["sha256"]) for name, entry in text["files"].items()}
    return Stated(files, text["packages"])


def test_every_vendored_file_is_as_the_manifest_says(stated: Stated) -> None:
    shipped = {path.name: path.read_bytes() for path in VENDOR.iterdir() if path != MANIFEST}
    assert {name: (len(body), hashlib.sha256(body).hexdigest()) for name, body in shipped.items()} == stated.files


def test_every_package_is_locked_at_the_version_that_ships(stated: Stated) -> None:
    lock = json.loads((ROOT / "scripts" / "assets" / "package-lock.json").read_text("utf-8"))["packages"]
    locked = {(path.rpartition("node_modules/")[2], entry.get("version")) for path, entry in lock.items()}
    shipped = {(name, version) for name, _, version in (package.rpartition("@") for package in stated.packages)}
    assert shipped - locked == set()
    assert {"graphiql", "@graphiql/plugin-explorer", "react", "swagger-ui-dist"} <= {name for name, _ in shipped}


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (ROOT / "scripts" / "assets" / "package-lock.json").read_text("utf-8")


def test_every_package_has_a_permissive_licence_and_is_named_beside_its_code(stated: Stated) -> None:
    assert {name for name, licence in stated.packages.items() if licence not in PERMISSIVE} == set()
    texts = (VENDOR / "graphiql.LICENSES.txt").read_text("utf-8")
    bundled = {package for package in stated.packages if not package.startswith("swagger-ui-dist@")}
    missing = {package for package in bundled if f"{' '.join(package.rsplit('@', 1))} (" not in texts}
    assert missing == set()
    assert "Apache License" in (VENDOR / "swagger-ui.LICENSES.txt").read_text("utf-8")


def test_the_documentation_lists_what_is_asked_for(stated: Stated) -> None:
    asked = json.loads((ROOT / "scripts" / "assets" / "package.json").read_text("utf-8"))["dependencies"]
    text = (ROOT / "docs" / "assets.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+) \| ([\d.]+) \| (\S+) \|", text, re.MULTILINE)
    assert {name: version for name, version, _ in rows} == asked
    assert {f"{name}@{version}": licence for name, version, licence in rows}.items() <= stated.packages.items()
    assert f"all {len(stated.packages)} packages" in text


def test_style_sheets_load_nothing() -> None:
    for path in FOLDER.rglob("*.css"):
        css = path.read_text("utf-8")
        loaded = [url for url in re.findall(r"url\(\s*[\"']?([^\"')]*)", css) if not url.startswith(("data:", "#"))]
        assert (path.name, loaded, "@import" in css, "@font-face" in css) == (path.name, [], False, False)


@pytest.mark.parametrize("path", OWN, ids=[path.name for path in OWN])
def test_our_own_files_name_no_other_host(path: Path) -> None:
    text = path.read_text("utf-8").replace('"http://www.w3.org/2000/svg"', "")
    assert re.findall(r"(?:https?:|wss?:)?//[\w.-]+\.\w+", text) == []


@pytest.mark.parametrize("name", ["graphiql.html", "docs.html", "start.html", "data.html"])
def test_pages_have_no_inline_script_or_style_and_refer_to_files_that_ship(name: str) -> None:
    html = (FOLDER / name).read_text("utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html) == []
    referred = re.findall(r'(?:src|href)="static/([^"]+)"', html)
    assert len(referred) >= 2
    assert [file for file in referred if not (FOLDER / file).is_file()] == []
    assert {Path(file).suffix for file in referred} <= set(MEDIA_TYPES)
