"""Makes the third-party files of the browser pages from their locked npm packages (`make assets`).

Needs Node and npm; nobody else does, because the result is part of the repository. npm checks every package against
the SHA-512 in `scripts/assets/package-lock.json`, and runs none of their scripts. `--check` builds
the same in a temporary folder and fails where the shipped files differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "scripts" / "assets"
TARGET = ROOT / "graphql_app" / "static" / "vendor"

# The explorer plugin `require`s graphql where the rest `import`s it. Only with one set of main fields for both
# does esbuild take one copy, without which the plugin's `instanceof` checks fail.
BUNDLE = (
    "--bundle --minify --format=iife --global-name=GraphiQLKit --target=es2020 --legal-comments=none "
    '--main-fields=browser,module,main --define:process.env.NODE_ENV="production" --log-level=error'
).split()
SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css")
SWAGGER_LEGAL = ("LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt")
PACKAGE = re.compile(r"^(?:.*/)?node_modules/(?:@[^/]+/)?[^/]+")
# A licence text lies under one of these names, in any case, with or without an ending.
LICENCE = re.compile(r"(licen[cs]e|copying)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package whose code is in a shipped file."""

    name: str
    version: str
    licence: str
    text: str


def main() -> int:
    """Builds into the static folder, or with `--check` compares with it. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where the shipped files differ")
    check = bool(parser.parse_args().check)
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "vendor"
        built.mkdir()
        build(Path(folder), built)
        if check:
            return report(differences(built, TARGET))
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(built, TARGET)
    return 0


def build(work: Path, target: Path) -> None:
    """Installs the locked packages in `work` and writes every shipped file into `target`."""
    for source in SOURCES.iterdir():
        shutil.copy(source, work)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=work, check=True
    )
    packages = [*bundle_graphiql(work, target), copy_swagger(work, target)]
    write_manifest(target, packages)


def bundle_graphiql(work: Path, target: Path) -> list[Package]:
    """One script and one style sheet with GraphiQL and all it needs; returns the packages that are in it."""
    esbuild = work / "node_modules" / ".bin" / "esbuild"
    script = target / "graphiql.js"
    command = [str(esbuild), "graphiql_entry.js", *BUNDLE, f"--outfile={script}", "--metafile=meta.json"]
    subprocess.run(command, cwd=work, check=True)
    style = target / "graphiql.css"
    style.write_text(without_fonts(style.read_text("utf-8")), "utf-8")
    packages = [read_package(work / folder) for folder in bundled_folders(work / "meta.json")]
    write_licences(target / "graphiql.LICENSES.txt", packages)
    return packages


def without_fonts(css: str) -> str:
    """`css` without its embedded fonts: they are nine tenths of it, and the reader's own fonts do as well."""
    return re.sub(r"@font-face\{[^}]*\}", "", css)


def bundled_folders(metafile: Path) -> list[str]:
    """The package folders, relative to the work folder, from which esbuild took at least one byte."""
    outputs = json.loads(metafile.read_text("utf-8"))["outputs"]
    paths = (path for output in outputs.values() for path, part in output["inputs"].items() if part["bytesInOutput"])
    return sorted({match[0] for path in paths if (match := PACKAGE.match(path))})


def read_package(folder: Path) -> Package:
    """What a package says about itself. Raises `SystemExit` where neither a licence text nor a name of one is found."""
    about = json.loads((folder / "package.json").read_text("utf-8"))
    files = sorted(path for path in folder.iterdir() if path.is_file() and LICENCE.match(path.name))
    text = "\n".join(path.read_text("utf-8").strip() for path in files)
    licence = about.get("license", "")
    if not licence:
        raise SystemExit(f"{folder}: no licence stated")
    return Package(about["name"], about["version"], licence, text or author_of(about))


def author_of(about: dict[str, object]) -> str:
    """The copyright line of a package that names its licence but forgot to enclose the text."""
    author = about.get("author") or about.get("contributors") or "its authors"
    name = author.get("name", "its authors") if isinstance(author, dict) else str(author)
    return f"Copyright {name}. The package states its licence by name and encloses no text of it."


def write_licences(path: Path, packages: list[Package]) -> None:
    """All licence texts, each once, under the packages it covers."""
    covered: dict[str, list[str]] = {}
    for package in packages:
        covered.setdefault(package.text, []).append(f"{package.name} {package.version} ({package.licence})")
    parts = ["\n".join(sorted(set(names))) + "\n\n" + text for text, names in covered.items()]
    path.write_text(f"\n\n{'-' * 80}\n\n".join(parts) + "\n", "utf-8")


def copy_swagger(work: Path, target: Path) -> Package:
    """Swagger UI as its makers bundled it, without the reference to a source map that is not shipped."""
    folder = work / "node_modules" / "swagger-ui-dist"
    for name in SWAGGER:
        text = re.sub(r"\n?(//|/\*)# sourceMappingURL=[^\n]*\n?$", "\n", (folder / name).read_text("utf-8"))
        (target / name).write_text(text, "utf-8")
    texts = ((folder / name).read_text("utf-8").strip() for name in SWAGGER_LEGAL)
    (target / "swagger-ui.LICENSES.txt").write_text(f"\n\n{'-' * 80}\n\n".join(texts) + "\n", "utf-8")
    return read_package(folder)


def write_manifest(target: Path, packages: list[Package]) -> None:
    """`manifest.json`: every file with its size in bytes and SHA-256, every package with version and licence."""
    files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(target.iterdir())}
    stated = {f"{package.name}@{package.version}": package.licence for package in packages}
    manifest = {"files": files, "packages": dict(sorted(stated.items()))}
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences(built: Path, shipped: Path) -> list[str]:
    """The names of files that are missing, additional or different in `shipped`."""
    names = {path.name for folder in (built, shipped) if folder.exists() for path in folder.iterdir()}
    return sorted(name for name in names if content(built / name) != content(shipped / name))


def content(path: Path) -> bytes | None:
    """The bytes of a file, None where there is none."""
    return path.read_bytes() if path.exists() else None


def report(names: list[str]) -> int:
    """Prints what differs; returns the exit status."""
    for name in names:
        print(f"{name}: the shipped file is not what the locked packages make", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
