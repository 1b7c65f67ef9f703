"""What promtool prints, read."""

from __future__ import annotations

import pytest

from prometheus.replay.answers import Got, read_answers
from stack.errors import HqError


def test_every_sample_of_every_time() -> None:
    output = """  FAILED:
    expr: "ALERTS{alertstate=\\"firing\\"}", time: 1m30s500ms,
        exp: nil
        got: {__name__="a", x="q\\"u}o\\n, t=é\\x01"} 1.5E+00, {} +Inf
    expr: "b", time: 1h,
        exp: nil
        got: {y="1"} -2E-07
"""
    assert read_answers(output) == {
        'ALERTS{alertstate="firing"}': {
            90.5: (Got({"__name__": "a", "x": 'q"u}o\n, t=é\x01'}, 1.5), Got({}, float("inf"))),
        },
        "b": {3600.0: (Got({"y": "1"}, -2e-07),)},
    }


def test_nothing() -> None:
    assert read_answers("Unit Testing:  x\n  SUCCESS\n") == {}


def test_a_rule_that_fails() -> None:
    with pytest.raises(HqError) as caught:
        read_answers("  FAILED:\n    rule: a:x, time: 1.5s, err: found duplicate series\n")
    assert str(caught.value) == "promtool cannot evaluate the rules: rule: a:x, time: 1.5s, err: found duplicate series"


def test_an_answer_of_another_shape() -> None:
    with pytest.raises(HqError) as caught:
        read_answers('    expr: "b", time: 1h,\n        exp: nil\n        got: {y="1"} 1 @[3]\n')
    assert str(caught.value) == 'promtool gave an answer that cannot be read: {y="1"} 1 @[3]'
