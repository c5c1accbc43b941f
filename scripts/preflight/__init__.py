"""What stands in the way of `pulumi up`, and what a stack that is up lacks."""
