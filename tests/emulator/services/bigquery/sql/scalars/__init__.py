"""Tests of the functions written in Python."""
