"""IAM: service accounts with keys and policies, roles, deny policies, short-lived credentials, pools of identities."""

from emulator.services.iam import accounts, credentials, custom_roles, deny_policies, keys, policies, roles
from emulator.services.iam.federation import pools
from emulator.services.iam.service import SERVICE

__all__ = ["SERVICE", "accounts", "credentials", "custom_roles", "deny_policies", "keys", "policies", "pools", "roles"]
