"""The REST face: path, query string and body become requests; answers and failures become envelopes."""
