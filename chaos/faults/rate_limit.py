"""Rate limit: a share of the requests is told 429 by a token bucket that is all but empty."""

from __future__ import annotations

from chaos.faults.fault import TYPE, Config, Counters, Fault, FaultKind, Leased, fraction, requests


def http_filter(prefix: str) -> Config:
    """The filter that limits, at 0 %; the bucket's size is configuration, so the leased share decides alone."""
    return {
        "name": "rate-limit",
        "typed_config": {
            "@type": f"{TYPE}.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": prefix,
            "token_bucket": {"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "60s"},  # no bucket can be empty
            "filter_enabled": {"default_value": {"numerator": 0}, "runtime_key": f"{prefix}.rate-limit.share"},
            "filter_enforced": {"default_value": {"numerator": 100}},
            "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
            # what is asked for is a share, so trying again soon can succeed, whenever the bucket says it fills
            "response_headers_to_add": [
                {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD", "header": {"key": "retry-after", "value": "1"}}
            ],
        },
    }


def leased(fault: Fault) -> Leased:
    """The runtime value of a rate limit."""
    return {f"{fault.stat_prefix}.rate-limit.share": fraction(fault.share)}


def hit(counters: Counters, prefix: str) -> int:
    """Requests that were told 429."""
    return counters.get(f"{prefix}.http_local_rate_limit.rate_limited", 0)


def reached(counters: Counters, prefix: str) -> int:
    """Requests that could have been limited: all but those that got the bucket's one token a minute."""
    return requests(counters, prefix) - counters.get(f"{prefix}.http_local_rate_limit.ok", 0)


RATE_LIMIT = FaultKind("rate-limit", http_filter, leased, hit, reached)
