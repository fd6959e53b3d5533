"""GraphQL, REST and CSV over every table of a MySQL-compatible database."""
