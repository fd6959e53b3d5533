"""Database names -> GraphQL names."""
