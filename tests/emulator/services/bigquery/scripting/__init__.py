"""Tests of scripts: the procedural language, child jobs, transactions."""
