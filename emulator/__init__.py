"""Google Cloud on localhost: the emulator that the quick start and every test run against."""
