"""The OpenAPI document of a catalog."""
