"""Cloud Identity: groups as the emulator's owner declares them, for whoever asks who is in one."""

from emulator.services.cloudidentity import declaring, groups
from emulator.services.cloudidentity.service import SERVICE

__all__ = ["SERVICE", "declaring", "groups"]
