"""The lint has an answer to whatever the parser reads, and points into the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus.lint.lint import Circumstances, lint
from prometheus.lint.metric import Metric
from prometheus.lint.parsing import SyntaxProblemError, parse
from prometheus.lint.place import Source, place
from prometheus.lint.rule_file import parse_rule_file
from stack.document import parse_document

NAMES = st.sampled_from(["up", "a:b", "x_total", "by", "sum", "rate", "on_call", "offset_total", "bool", "inf_total"])
LABELS = st.sampled_from(["job", "le", "instance", "a"])
STRINGS = st.text(alphabet="ab\"\\'{}(),.[ é\n#|", max_size=6).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
)
MATCHERS = st.lists(st.builds("{}{}{}".format, LABELS, st.sampled_from(["=", "!="]), STRINGS), max_size=2).map(
    lambda several: "{" + ", ".join(several) + "}" if several else ""
)
SHIFTS = st.sampled_from(["", " offset 5m", " offset -1h", " @ 5", " @ end()"])
SELECTORS = st.builds("{}{}".format, NAMES, MATCHERS)
VECTORS = st.deferred(
    lambda: st.one_of(
        st.builds("{}{}".format, SELECTORS, SHIFTS),
        st.builds("{}({}[{}]{})".format, st.sampled_from(["rate", "delta", "avg_over_time"]), SELECTORS,
                  st.sampled_from(["5m", "15s", "1h30m", "5m:1m", "1m:"]), SHIFTS),
        st.builds("{} {} ({})".format, AGGREGATIONS, GROUPINGS, VECTORS),
        st.builds("{}({}) {}".format, AGGREGATIONS, VECTORS, GROUPINGS),
        st.builds("topk(3, {})".format, VECTORS),
        st.builds("({}) {} ({})".format, VECTORS, OPERATORS, VECTORS),
        st.builds("{} # {{\n {}".format, VECTORS, st.sampled_from(["> 5", "+ 1e3", "== bool 0x1f", "or vector(1)"])),
        st.builds("-({})".format, VECTORS),
        st.builds("absent({})".format, SELECTORS),
        st.builds('label_replace({}, "x", "$1", "job", "(.*)")'.format, VECTORS),
        st.builds("clamp({}, -1, Inf)".format, VECTORS),
    )
)  # fmt: skip
AGGREGATIONS = st.sampled_from(["sum", "COUNT", "max", "group"])
GROUPINGS = st.sampled_from(["", "by (job)", "without (job, a)", "by ()", "BY (job,)"])
OPERATORS = st.sampled_from(
    ["and", "or", "unless", "+", "/", ">", "== bool", "* on (job) group_left (a)", "- ignoring (a)", "AND ON (job)"]
)


@given(VECTORS)
@settings(max_examples=150)
def test_the_positions_are_those_of_the_parts(expr: str) -> None:
    try:
        tree, found = parse(expr)
    except SyntaxProblemError:
        return
    for node in tree.walk():
        shown = expr[slice(*node.span)]
        if name := getattr(node, "name", ""):
            assert shown.lower().startswith(name.lower()) or type(node).__name__ == "Selector"
        if type(node).__name__ in ("Selector", "Call", "Aggregation"):
            assert shown.startswith(getattr(node, "name", ""), 0) or shown.lower() == getattr(node, "name", "")
    kinds = [type(node).__name__ for node in tree.walk()]
    assert len(found.selectors) == kinds.count("Selector")
    assert len(found.calls) == kinds.count("Call")
    assert len(found.aggregations) == kinds.count("Aggregation")
    assert len(found.operators) == kinds.count("Binary")


@given(VECTORS, st.sampled_from(["|", ">", '"', "'"]))
@settings(max_examples=150)
def test_the_lint_never_raises_and_points_into_the_line(expr: str, style: str) -> None:
    import yaml

    rules = [{"alert": "A", "expr": expr, "annotations": {"a": "{{ $labels.job }} {{ $labels.nobody }}"}},
             {"record": "a:b", "expr": expr}]  # fmt: skip
    text = yaml.dump({"groups": [{"name": "a", "rules": rules}]}, default_style=style, width=40, allow_unicode=True)
    file = parse_rule_file(text, "rules.yml")
    found = lint([file], Circumstances(exposed=(Metric("x_total", "counter"), Metric("up", "gauge"))))
    lines = text.split("\n")
    for problem in found.problems:
        line = lines[problem.position.line - 1]
        assert problem.quoted == line
        shown = line[problem.position.column - 1 :][: problem.position.length]
        assert shown
        if problem.check == "series" and problem.summary.startswith("nobody exposes or records "):
            assert shown.startswith(problem.summary.rpartition(" ")[2])


TEXTS = st.text(alphabet="ab 'x\"\\\n\té#", min_size=1, max_size=30)


@given(TEXTS, st.sampled_from(["|", ">", '"', "'", ""]), st.data())
@settings(max_examples=150)
def test_a_character_is_found_where_it_is_written(value: str, style: str, data: st.DataObject) -> None:
    import yaml

    text = yaml.dump({"groups": value}, default_style=style or None, width=10, allow_unicode=True)
    node = next(iter(parse_document(text, "x.yml").mapping().values())).node
    assert isinstance(node, yaml.ScalarNode)
    visible = [offset for offset, letter in enumerate(node.value) if not letter.isspace()]
    if not visible:
        return
    offset = data.draw(st.sampled_from(visible))
    from prometheus.lint.scanner import Span

    position = place(Source("x.yml", text), node, Span(offset, offset + 1))
    shown = text.split("\n")[position.line - 1][position.column - 1 :]
    letter = node.value[offset]
    assert shown.startswith(letter) or shown.startswith("\\")


@given(st.text(max_size=40))
@settings(max_examples=150)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse(text)
    except SyntaxProblemError as error:
        refused = error
    else:
        return
    assert str(refused)
    assert 0 <= refused.span.start <= refused.span.end <= max(len(text), 1)
