"""Tests of schedules alone."""
