"""The database server: connections, packets, pools, failures."""
