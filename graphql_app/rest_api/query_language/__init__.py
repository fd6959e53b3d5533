"""Query strings -> reads."""
