"""PostGraphile on PostgreSQL, the strongest GraphQL server of this kind, as a further contender."""
