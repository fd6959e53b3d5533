"""Helpers of the running process: deadlines, threads, shutdown."""
