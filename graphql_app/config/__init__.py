"""Settings: what they are, where they come from, and the database's address."""
