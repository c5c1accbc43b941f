"""Security Token Service: tokens of other issuers are exchanged for access tokens (v1/token)."""

from emulator.services.sts import tokens
from emulator.services.sts.service import SERVICE

__all__ = ["SERVICE", "tokens"]
