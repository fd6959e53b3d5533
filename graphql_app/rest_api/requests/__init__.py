"""What a client sends, by method and address -> calls of the engine."""
