"""What Airflow 2.11 and Airflow 3 have in different places."""

from __future__ import annotations

from airflow import __version__

try:
    from airflow.sdk import BaseHook, BaseOperator, BaseSensorOperator, Variable
except ImportError:  # 2.11
    from airflow.hooks.base import BaseHook
    from airflow.models import BaseOperator, Variable
    from airflow.sensors.base import BaseSensorOperator

__all__ = ["AIRFLOW", "BaseHook", "BaseOperator", "BaseSensorOperator", "Variable"]

AIRFLOW: tuple[int, int] = (int(__version__.split(".")[0]), int(__version__.split(".")[1]))
"""Airflow's version, as (2, 11)."""
