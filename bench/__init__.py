"""How fast the server is, beside the limit of what Python can do and beside what one would write by hand."""
