"""The engine's replies -> HTTP answers, in the form of their address."""
