"""Figures, and their ratios to the goals: `python -m benchmarks --help`."""
