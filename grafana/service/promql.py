"""What the parts of the dashboard ask alike: of the one service that was chosen."""

from __future__ import annotations

SERVICE = 'service="$service"'

ITS_OWN = f'{SERVICE}, pool=""'
"""The anomalies of the service itself, without those of its pools."""
