"""The schema -> answers to introspection."""
