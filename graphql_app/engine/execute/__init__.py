"""Statements -> rows, by one retrying executor with a ledger."""
