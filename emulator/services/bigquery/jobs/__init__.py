"""Jobs: queries, loads, extracts, copies; how they are kept, run and shown."""
