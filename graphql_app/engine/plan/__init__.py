"""Requests -> plans, checked against the catalog."""
