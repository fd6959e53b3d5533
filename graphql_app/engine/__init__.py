"""Requests -> answers: one engine for every API."""
