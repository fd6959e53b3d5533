"""What the configuration says of callers, roles and names: `graphql_app.yaml` as the settings name it."""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.auth.auth_file import AuthFile, AuthFileError, read_auth
from graphql_app.auth.permissions import Roles, Tenant
from graphql_app.auth.rules_file import RulesFileError, read_roles
from graphql_app.config.overrides_file import ConfigFile, CustomizationFileError, read_config_file
from graphql_app.config.settings import Settings
from schema_gen.catalog.overrides import NOTHING, Customization


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
    if path is None:
        return Configuration()
    file = read_config_file(path)
    auth = _auth(file)
    return Configuration(file.name, file.customization, _roles(file, auth), auth)


def _roles(file: ConfigFile, auth: AuthFile | None) -> Roles | None:
    if auth is None:
        return None
    tenant = None if auth.tenant is None else Tenant(auth.tenant.column, auth.tenant.variable)
    try:
        return read_roles(file.roles or {}, tenant, file.name)
    except RulesFileError as error:
        raise CustomizationFileError(f"{file.name}: {error}") from None


def _auth(file: ConfigFile) -> AuthFile | None:
    if file.auth is None and file.roles is None:
        return None
    try:
        return read_auth(file.auth or {})
    except AuthFileError as error:
        raise CustomizationFileError(f"{file.name}: {error}") from None
