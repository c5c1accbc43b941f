"""The pages' blocks of `sh`, run as a reader runs them: in a clone that is set up, on an emulator, line after line."""
