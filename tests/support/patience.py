"""How long a test waits for a state before it says that the state never comes."""

#: Seconds. Far beyond what any step takes, on a machine ten times slower too: only a fault reaches it.
PATIENCE = 300.0
