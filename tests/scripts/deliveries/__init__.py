"""What services do by themselves for a stack."""
