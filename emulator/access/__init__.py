"""Who may do what: principals, credentials, policies, roles, conditions. It knows no service."""
