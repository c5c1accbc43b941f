"""Tests of the console's pages, without a browser."""
