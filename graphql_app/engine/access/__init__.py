"""What a role may see and do: the rules resolved against a catalog, and the catalog as the role sees it."""
