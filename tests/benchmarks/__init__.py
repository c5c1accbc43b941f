"""Tests of how figures are compared and shown; nothing is measured."""
