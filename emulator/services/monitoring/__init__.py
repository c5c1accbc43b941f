"""Cloud Monitoring: alert policies that fire on log entries and on what is counted of them, and whom they tell."""

from emulator.services.monitoring import alerts, channels, lifecycle, policies, resources, time_series
from emulator.services.monitoring.alerting import matching
from emulator.services.monitoring.service import SERVICE

__all__ = ["SERVICE", "alerts", "channels", "lifecycle", "matching", "policies", "resources", "time_series"]
