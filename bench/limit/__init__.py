"""The limit: one hand-written endpoint a workload, with the best SQL and the best reader we know."""
