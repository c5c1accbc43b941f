"""Dates in sentences: written in figures and names of months, spoken, and holidays."""
