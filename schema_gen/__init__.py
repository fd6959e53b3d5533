"""What follows from a database's structure: catalog, names, column types, GraphQL schema."""
