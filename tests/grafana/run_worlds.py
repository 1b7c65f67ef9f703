"""What Prometheus knows of chaos runs, for each way in which one can end, and for none."""

from __future__ import annotations

from exporters.run_history import OUTCOMES, PHASES
from tests.grafana.world import AT

World = dict[str, str]

RUN = 'scenario="wave",chaos_target="vendor-proxies"'


def ended(outcome: str, run: str = RUN, start: float = AT - 300, end: float = AT - 200) -> World:
    return {
        **{f'chaos_run_outcome{{{run},outcome="{one}"}}': f"{one == outcome:d}" for one in OUTCOMES},
        f"chaos_run_start_timestamp_seconds{{{run}}}": f"{start:g}",
        f"chaos_run_end_timestamp_seconds{{{run}}}": f"{end:g}",
    }


NOBODY: World = {'unrelated{job="x"}': "1"}
BROKEN: World = {'up{job="dev-hq"}': "1", 'exporter_collector_success{collector="journal"}': "0"}
NONE: World = {
    'exporter_collector_success{collector="journal"}': "1",
    f"chaos_run_active{{{RUN}}}": "0",
    **{f'chaos_run_phase{{{RUN},phase="{phase}"}}': "0" for phase in PHASES},
}
OTHERS: World = {**NONE, **ended("weakness", 'scenario="other",chaos_target="shop"')}
STOPPED: World = {
    **NONE,
    **ended("stopped"),
    f'chaos_run_dose_asked_ratio{{{RUN},fault="failure"}}': "0.4",
}
WRONG_DOSE: World = {
    **NONE,
    **ended("could_not_run"),
    f'chaos_run_dose_asked_ratio{{{RUN},fault="failure"}}': "0.4",
    f'chaos_run_dose_measured_ratio{{{RUN},fault="failure"}}': "0.1",
    f'chaos_run_dose_verified{{{RUN},fault="failure"}}': "0",
}
OLD: World = {  # as an older version recorded it
    **NONE,
    **ended("resilient"),
    f"chaos_run_score{{{RUN}}}": "90",
    f"chaos_run_time_to_detect_seconds{{{RUN}}}": "12",
    f"chaos_run_time_to_recover_seconds{{{RUN}}}": "0",
}
RESILIENT: World = {
    **OLD,
    f'chaos_run_impact_ratio{{{RUN},slo="success_rate"}}': "0.0166",
    f'chaos_run_impact_ratio{{{RUN},slo="latency"}}': "0",
    f'chaos_run_burn_rate_ratio{{{RUN},slo="success_rate"}}': "3.5",
    f'chaos_run_burn_rate_ratio{{{RUN},slo="latency"}}': "0",
    f'chaos_run_before_ratio{{{RUN},slo="success_rate"}}': "0.001",
    f'chaos_run_alert_verdict{{{RUN},anomaly_type="upstream_failure",verdict="detected"}}': "1",
    f'chaos_run_alert_due_seconds{{{RUN},anomaly_type="upstream_failure"}}': "10",
    f'chaos_run_alert_fired_seconds{{{RUN},anomaly_type="upstream_failure"}}': "12",
    f'chaos_run_dose_asked_ratio{{{RUN},fault="failure"}}': "0.4",
    f'chaos_run_dose_measured_ratio{{{RUN},fault="failure"}}': "0.41",
    f'chaos_run_dose_verified{{{RUN},fault="failure"}}': "1",
    f'chaos_run_points{{{RUN},part="impact"}}': "40",
    f'chaos_run_points_possible{{{RUN},part="impact"}}': "50",
    f'chaos_run_points{{{RUN},part="recovery"}}': "0",
    f'chaos_run_points_possible{{{RUN},part="recovery"}}': "0",
}
MASKED: World = {
    **NONE,
    **ended("resilient"),
    f"chaos_run_score{{{RUN}}}": "100",
    f"chaos_run_time_to_recover_seconds{{{RUN}}}": "0",
    f'chaos_run_impact_ratio{{{RUN},slo="success_rate"}}': "0",
    f'chaos_run_burn_rate_ratio{{{RUN},slo="success_rate"}}': "0",
    f'chaos_run_alert_verdict{{{RUN},anomaly_type="upstream_failure",verdict="not_due"}}': "1",
}
WEAK: World = {
    **NONE,
    **ended("weakness"),
    f"chaos_run_score{{{RUN}}}": "0",
    f'chaos_run_impact_ratio{{{RUN},slo="success_rate"}}': "1",
    f'chaos_run_burn_rate_ratio{{{RUN},slo="success_rate"}}': "200",
    f'chaos_run_alert_verdict{{{RUN},anomaly_type="error_spike",verdict="missed"}}': "1",
}
GOING_ON: World = {
    **OLD,
    f"chaos_run_active{{{RUN}}}": "1",
    f'chaos_run_phase{{{RUN},phase="faults"}}': "1",
}
