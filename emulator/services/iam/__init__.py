"""IAM: service accounts with keys and policies, roles of both kinds, deny policies, short-lived credentials."""

from emulator.services.iam import accounts, credentials, custom_roles, deny_policies, keys, policies, roles
from emulator.services.iam.service import SERVICE

__all__ = ["SERVICE", "accounts", "credentials", "custom_roles", "deny_policies", "keys", "policies", "roles"]
