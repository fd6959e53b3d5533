"""Column types: how values come in and go out."""
