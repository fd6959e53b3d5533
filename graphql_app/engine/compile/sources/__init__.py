"""Where a statement's rows come from: the ways to write FROM, by what is asked and how large the tables are."""
