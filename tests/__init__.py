"""The tests. A package, so that fixtures and helpers have one import path in every process."""
