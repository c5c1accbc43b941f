"""What runs an execution: its tasks as processes of this machine, with an account's tokens and their lines logged."""
