"""What can be observed: events, and their readers, the log and the metrics."""
