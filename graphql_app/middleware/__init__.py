"""What stands before every API: admission and tracing."""
