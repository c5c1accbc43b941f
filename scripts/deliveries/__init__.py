"""What Google's services do for a stack by themselves: whether it arrives, and who lacks what where it does not."""
