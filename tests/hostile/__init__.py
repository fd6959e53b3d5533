"""Hostile input: what nobody sends by accident, against the real program and its single stages."""
