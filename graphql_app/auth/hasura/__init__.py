"""Hasura's metadata (version 3), read as configuration: roles, names and relations. What is not honoured is refused."""
