"""Questions about access."""
