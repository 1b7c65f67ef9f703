"""The series of a gates file, as PromQL selectors."""

from __future__ import annotations

import re

from prometheus.selector import equal_value, matchers, matching
from prometheus.slo import Sli
from stack.document import Value
from stack.selector import read_selector

_HISTOGRAM = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)(.*)", re.ASCII | re.DOTALL)


def read_histogram(value: Value, service: str) -> Sli:
    """The indicator that has nothing but the histogram that `value` selects, `_bucket` added to its name if need be."""
    text = read_selector(value)
    if any(label == "le" for label, _, _ in matchers(text)):
        raise value.error(f"{value.path} must leave the label le to the gate; it reads all buckets")
    match = _HISTOGRAM.fullmatch(text)
    name, braces = (match[1], match[2]) if match else ("", text)
    if name.endswith(("_count", "_sum", "_total")):
        raise value.error(
            f"{value.path}: {name} has no buckets; name the histogram, without {name[name.rindex('_') :]}"
        )
    buckets = f"{name}{'_bucket' if name and not name.endswith('_bucket') else ''}{braces}"
    return Sli(
        service=service,
        total=matching(buckets, "le", "=", "+Inf"),
        buckets=buckets,
        bucket_unit=0.001 if re.search(r"_(milliseconds|ms)(_bucket)?$", name) else 1.0,
        job=equal_value(buckets, "job"),
    )
