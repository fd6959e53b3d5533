"""The catalog -> the GraphQL schema."""
