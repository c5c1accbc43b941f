"""Who may do what on a stack's resources, answered from the policies that Google's APIs show."""
