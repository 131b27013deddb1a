"""Measurements. Each folder is one, run with `python -m benchmarks.<name>` from the repository."""
