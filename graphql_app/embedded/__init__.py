"""The embedded database engine and its sample."""
