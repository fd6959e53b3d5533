"""INFORMATION_SCHEMA -> the catalog."""
