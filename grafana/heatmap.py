"""Grafana's heatmap of today: grafanalib's own is of the time before Grafana 9."""

from __future__ import annotations

from typing import Any

from grafanalib.core import HEATMAP_TYPE, Panel

Json = dict[str, Any]


class HeatmapPanel(Panel):  # type: ignore[misc]  # grafanalib has no types
    """The buckets of a histogram, as they come: one series for each `le`. Its unit comes in `extraJson`."""

    def to_json_data(self) -> Json:
        """The panel as JSON data."""
        data: Json = self.panel_json(
            {
                "type": HEATMAP_TYPE,
                "fieldConfig": {
                    "defaults": {"custom": {"scaleDistribution": {"type": "linear"}}, "noValue": "no data"},
                    "overrides": [],
                },
                "options": {
                    "calculate": False,
                    "cellGap": 1,
                    "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5, "reverse": False},
                    "filterValues": {"le": 1e-9},
                    "rowsFrame": {"layout": "auto"},
                    "showValue": "never",
                    "legend": {"show": True},
                    "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
                    "yAxis": {"axisPlacement": "left", "reverse": False},
                    "cellValues": {"unit": "reqps"},
                    "exemplars": {"color": "rgba(255,0,255,0.7)"},
                },
            }
        )
        return data
