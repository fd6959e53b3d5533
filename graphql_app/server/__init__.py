"""The server process: uvicorn's subclasses, sockets, supervision."""
