"""What the configuration says of callers, roles and names: `graphql_app.yaml` and Hasura's metadata."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from graphql_app.auth.auth_file import AuthFile, AuthFileError, read_auth
from graphql_app.auth.hasura.metadata import Metadata, read_metadata
from graphql_app.auth.hasura.source import MetadataError
from graphql_app.auth.permissions import Roles, Tenant
from graphql_app.auth.rules_file import RulesFileError, read_roles
from graphql_app.config.overrides_file import ConfigFile, CustomizationFileError, read_config_file
from graphql_app.config.settings import Settings
from schema_gen.catalog.overrides import NOTHING, Customization, TableNaming


@dataclass(frozen=True, slots=True)
class Configuration:
    """Relations and names said by hand, who callers are, and the roles; `name` is the file's, for messages.

    `auth` and `roles` are None where neither roles nor identities are configured: then everyone may do everything.
    """

    name: str = ""
    customization: Customization = NOTHING
    roles: Roles | None = None
    auth: AuthFile | None = None


def read_configuration(settings: Settings) -> Configuration:
    """What holds now. Raises `CustomizationFileError`."""
    path = settings.customization
    file = ConfigFile("graphql_app.yaml") if path is None else read_config_file(path)
    metadata = None if settings.hasura_metadata is None else _metadata(settings.hasura_metadata, file)
    if file.auth is None and file.roles is None and metadata is None:
        return Configuration(file.name, file.customization)
    auth = _auth(file)
    roles = _roles(file) if metadata is None else metadata.roles
    tenant = None if auth.tenant is None else Tenant(auth.tenant.column, auth.tenant.variable)
    roles = {name: replace(role, tenant=tenant) for name, role in roles.items()}
    if metadata is None:
        return Configuration(file.name, file.customization, roles, auth)
    names = [settings.hasura_metadata.name if settings.hasura_metadata else "", file.name if path else ""]
    name = " or ".join(each for each in names if each)
    return Configuration(name, _together(file, metadata.customization), roles, auth)


def _metadata(path: Path, file: ConfigFile) -> Metadata:
    if file.roles is not None:
        raise CustomizationFileError(f"{file.name}: roles: HASURA_METADATA has roles, too; leave one out")
    try:
        return read_metadata(path)
    except MetadataError as error:
        raise CustomizationFileError(f"HASURA_METADATA: {error}") from None


def _together(file: ConfigFile, metadata: Customization) -> Customization:
    own = file.customization
    both = sorted(own.tables.keys() & {name for name, naming in metadata.tables.items() if naming != TableNaming()})
    if both:
        raise CustomizationFileError(f"{file.name}: tables.{both[0]}: HASURA_METADATA names it, too; leave one out")
    return Customization(own.relations, {**metadata.tables, **own.tables}, metadata.maybe_known)


def _roles(file: ConfigFile) -> Roles:
    try:
        return read_roles(file.roles or {}, source=file.name)
    except RulesFileError as error:
        raise CustomizationFileError(f"{file.name}: {error}") from None


def _auth(file: ConfigFile) -> AuthFile:
    try:
        return read_auth(file.auth or {})
    except AuthFileError as error:
        raise CustomizationFileError(f"{file.name}: {error}") from None
