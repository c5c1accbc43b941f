"""Tests of the pages for browsers."""
