"""Documents: text -> parsed and validated operations, within limits."""
