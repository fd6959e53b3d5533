"""Rows -> the answer's text."""
