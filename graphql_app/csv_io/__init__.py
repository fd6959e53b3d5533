"""CSV: files -> rows, in pieces of bounded size."""
