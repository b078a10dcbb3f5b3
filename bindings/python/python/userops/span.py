"""Spans of time, for `last` and wherever a definition has a span."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["days", "hours"]


def days(count: float) -> timedelta:
    """So many days of 24 hours."""
    return timedelta(days=count)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)
