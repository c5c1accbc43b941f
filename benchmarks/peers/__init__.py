"""Other programs that do the same work, fetched and run beside, never installed; kept in .tools/peers."""
