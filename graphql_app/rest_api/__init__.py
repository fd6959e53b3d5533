"""The REST API: path, query string and body become requests; answers and failures become envelopes."""
