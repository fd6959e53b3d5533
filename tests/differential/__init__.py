"""Random requests, answered by the program and by plain Python over the same rows."""
