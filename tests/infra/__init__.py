"""Tests of infra/: the declared graph, the settings, the outputs."""
