"""The catalog kept current, and queries that are asked again."""
