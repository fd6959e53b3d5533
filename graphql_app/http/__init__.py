"""What the endpoints of every API share: bodies, headers, disconnects, static files, health."""
