"""IAM: service accounts, their keys and policies, predefined roles, short-lived credentials."""

from emulator.services.iam import accounts, credentials, keys, policies, roles
from emulator.services.iam.service import SERVICE

__all__ = ["SERVICE", "accounts", "credentials", "keys", "policies", "roles"]
