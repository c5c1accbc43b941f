"""Operators for datasets and stores of Cloud Healthcare."""
