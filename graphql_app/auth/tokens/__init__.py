"""Tokens: read, verified by their issuer's keys, and what they say of their bearer."""
