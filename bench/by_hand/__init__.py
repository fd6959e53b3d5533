"""What one would write by hand: a Strawberry server with data loaders, for these tables only."""
