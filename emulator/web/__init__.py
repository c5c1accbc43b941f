"""What browsers get besides the APIs: the viewer, with its sessions."""

from emulator.web import viewer
from emulator.web.service import SERVICE

__all__ = ["SERVICE", "viewer"]
