"""Who may do what in a stack that is up on an emulator: each persona, each method, each grant that is missing."""
