"""Breaking things on purpose: connections, servers, callers; and the tools for it."""
