"""Who is asking, and what the rules say of roles: values and readers, below the engine."""
