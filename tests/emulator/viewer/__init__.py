"""Tests of the viewer's pages and sessions."""
