"""What makes alert policies fire: log entries as they are stored, values as they are counted, and the clock."""
