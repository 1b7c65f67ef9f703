"""The table that answers what is anomalous now, since when, how bad, what to do, and which fault explains it."""

from __future__ import annotations

from grafana.amounts import in_words
from grafana.chaos_targets import of_services
from grafana.chosen import ANOMALIES, FIRING, SEEN, of_firing, unseen_services
from grafana.colours import CALM, SCORE_STEPS, SEVERITY_WORDS, UNKNOWN, Word
from grafana.columns import Column
from grafana.panels import Panel, link, table
from grafana.promql import EXPORTER, OF_ANOMALY, WATCHDOG, firing_at_worst, labelled, number
from grafana.query import Query
from stack.model import Stack

NOWHERE = "\N{EN DASH}"
TO_WHERE_IT_IS = "/d/${__data.fields.page}?var-service=${__data.fields.service}&var-pool=${__data.fields.pool}"
FULL_GAUGE = 4.0
UNTIL_ALERTS_END = "6m"


def anomalies_now(stack: Stack) -> Panel:
    """The table."""
    return table(
        "What is anomalous now, and what to do",
        "Each anomaly that fires, at its highest severity, the worst first. One green row is normal; else do what the "
        "row says, unless a fault of ours explains it. BLIND: nobody can tell, so mend the detector first.",
        [
            Query(_rows(stack)),
            Query(_keyed(of_firing(f"1000 * {_since()}"))),
            Query(_keyed(of_firing(f"max by ({OF_ANOMALY}) (anomaly:score{{{ANOMALIES}}})"))),
            Query(_keyed(of_firing(f"({in_words('anomaly:actual', ANOMALIES, 'actual')})"))),
            Query(_keyed(of_firing(f"({in_words('anomaly:threshold', ANOMALIES, 'threshold')})"))),
            Query(_keyed(_explained(stack))),
        ],
        _columns(),
        sort_by="Score",
        height=8,
    )


def _columns() -> list[Column]:
    severities = (Word("none", "none", CALM), *SEVERITY_WORDS, Word("BLIND", "BLIND", UNKNOWN))
    to_service = link("The service", "/d/dev-hq-service?var-service=${__data.fields.service}&${__url_time_range}")
    only_this = link(
        "Only this anomaly",
        "/d/dev-hq-anomaly-overview?var-service=${__data.fields.service}&var-anomaly_type=${__data.fields.anomaly_type}"
        "&${__url_time_range}",
    )
    return [
        Column("severity", "Severity", words=severities, cell="color-background", width=85),
        Column("service", "Service", width=120, links=(to_service,)),
        Column("pool", "Pool", width=120, links=(link("Where it is", f"{TO_WHERE_IT_IS}&${{__url_time_range}}"),)),
        Column("anomaly_type", "Anomaly", width=135, links=(only_this,)),
        Column("B", "Since", unit="dateTimeFromNow", width=110),
        Column(
            "C", "Score", unit="none", decimals=1, steps=SCORE_STEPS, cell="gauge", width=110, minimum=0,
            maximum=FULL_GAUGE,
        ),
        Column("actual", "Actual", width=80),
        Column("threshold", "Threshold", width=85),
        Column("recommendation", "What to do", wrap=True),
        Column("explained", "Explained by", width=170, wrap=True),
        Column(
            "runbook_url", "Runbook", caption="open", width=75, links=(link("The runbook", "${__value.raw}"),)
        ),
        Column("page", "page", hidden=True),
    ]  # fmt: skip


def _since() -> str:
    """The seconds since the epoch at which each anomaly began; the lowest severity began first."""
    return f'min by ({OF_ANOMALY}) (ALERTS_FOR_STATE{{anomaly_type!="", {ANOMALIES}}})'


def _rows(stack: Stack) -> str:
    """A row for each anomaly and each unseen service; without any, one that says that all is calm, or nobody knows."""
    nothing = labelled(
        f"0 * ({WATCHDOG} and on () {SEEN})", severity="none", recommendation="Nothing is anomalous: nothing to do."
    )
    blind = labelled(
        number(-1),
        severity="BLIND",
        recommendation="No rules are evaluated, or they see none of these: see Detector health of the overview.",
    )
    unseen = labelled(
        f"{unseen_services(stack)} and on () {WATCHDOG}",
        severity="BLIND",
        recommendation="Nothing is recorded of this service: check that it runs, and that Prometheus scrapes it.",
    )
    return f"({_with_page(_with_playbook())}) or ({_with_page(unseen)}) or on () ({nothing}) or on () {blind}"


def _with_playbook() -> str:
    """What fires, with what to do about it; the words are missed when they are not recorded, the row is not."""
    words = "max by (anomaly_type, recommendation, runbook_url) (anomaly:playbook_info)"
    none = labelled(f"max by (anomaly_type) ({FIRING})", recommendation="The playbook is not recorded.")
    return (
        f"({firing_at_worst(ANOMALIES)}) * on (anomaly_type) group_left (recommendation, runbook_url) "
        f"({words} or on (anomaly_type) {none})"
    )


def _with_page(expr: str) -> str:
    """With `page`, the dashboard of where it is, and, as everywhere in the table, a pool that is never empty.

    Grafana merges what the queries say by the labels that all of them have.
    """
    on_page = f'label_replace({expr}, "page", "dev-hq-service", "pool", "")'
    return _keyed(f'label_replace({on_page}, "page", "dev-hq-pool", "pool", ".+")')


def _keyed(expr: str) -> str:
    return f'label_replace({expr}, "pool", "{NOWHERE}", "pool", "")'


def _explained(stack: Stack) -> str:
    """For each anomaly the fault of ours that is in its service or pools, or was just now, while the alert still holds.

    Of several one is named, and the scenario, which is the same for all: there is one run at a time.
    """
    now = _faults(of_services(stack, "max by (fault, chaos_target, scenario) (chaos_fault_active) == 1"))
    recent = f"max by (fault, chaos_target, scenario) (max_over_time(chaos_fault_active[{UNTIL_ALERTS_END}])) == 1"
    ended = f"{_faults(of_services(stack, recent))} and on () {EXPORTER}"
    over = f'label_replace({ended}, "explained", "$1; withdrawn", "explained", "(.+)")'
    fault = f"{FIRING} * on (service) group_left (explained) (({now}) or on (service) {over})"
    none = labelled(f"{FIRING} and on () {EXPORTER}", explained="no known fault")
    unknown = labelled(FIRING, explained="unknown: the exporter is not scraped")
    return f"({fault}) or on ({OF_ANOMALY}) ({none}) or on ({OF_ANOMALY}) {unknown}"


def _faults(active: str) -> str:
    """One series for each service, with the label `explained`."""
    named = f'label_join({active}, "explained", " in ", "fault", "chaos_target")'
    with_scenario = f'label_join({named}, "explained", ", ", "explained", "scenario")'
    return f"topk by (service) (1, max by (service, explained) ({with_scenario}))"
