"""Strawberry's inside, in one place."""
