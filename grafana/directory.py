"""The directory that holds what Grafana reads: dashboards and provisioning, and how their files are known again."""

from __future__ import annotations

import json
from pathlib import Path

from grafana.dashboard import TAG
from grafana.generate import dashboard_texts
from grafana.provisioning import provisioning_texts
from stack.generated import SIGNATURE, Generated
from stack.model import Stack


def grafana_in(directory: Path, stack: Stack) -> tuple[Generated, Generated]:
    """What Grafana reads of a stack, as files to write, to compare, or to look for what is left over; raises HqError.

    JSON has no comments: a dashboard of ours is one that has our tag, and a uid that begins with it.
    """
    return (
        Generated(
            "the dashboards", directory / "dashboards", dashboard_texts(stack), _foreign_dashboard, is_ours, ("*.json",)
        ),
        Generated(
            "the provisioning files",
            directory / "provisioning",
            provisioning_texts(stack),
            _foreign_provisioning,
            lambda text: text.startswith(SIGNATURE),
            ("datasources/*.yaml", "dashboards/*.yaml"),
        ),
    )


def is_ours(text: str) -> bool:
    """Whether this is the JSON of a dashboard that was generated here."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    tags, uid = found.get("tags"), found.get("uid")
    return isinstance(tags, list) and TAG in tags and isinstance(uid, str) and uid.startswith(f"{TAG}-")


def _foreign_dashboard(text: str) -> str:
    if is_ours(text):
        return ""
    return (
        f"is not a dashboard with the tag {TAG} and a uid that begins with {TAG}-, so it was not written by "
        "`dev-hq generate`"
    )


def _foreign_provisioning(text: str) -> str:
    if text.startswith(SIGNATURE):
        return ""
    return f"does not begin with {SIGNATURE!r}, so it was not written by `dev-hq generate`"
