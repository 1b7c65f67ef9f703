"""The strict reading of YAML: what a file can be, and what can be asked of its values."""

import os
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stack.document import MAX_BYTES, Value, parse_document, read_document
from stack.errors import ConfigError, HqError


def parse(text: str) -> dict[str, Value]:
    return parse_document(text, "file.yaml").mapping()


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        walk(parse_document(text, "file.yaml"))
    return str(error.value)


def walk(value: Value) -> None:
    if isinstance(value.node, yaml.MappingNode):
        for entry in value.mapping().values():
            walk(entry)
    elif value.is_list:
        for item in value.items():
            walk(item)
    else:
        value.text()


def refusal(text: str) -> ConfigError | None:
    try:
        walk(parse_document(text, "file.yaml"))
    except ConfigError as error:
        return error
    return None


@given(text=st.text(max_size=200) | st.text(alphabet="a:-[]{}&*!|>'\"%@`#?,\\ \n\t01xuU", max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    error = refusal(text)
    assert error is None or re.fullmatch(r"file\.yaml:\d+: [^\n]+", str(error))


words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
trees = st.recursive(
    words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20
)


@given(tree=st.dictionaries(words, trees, min_size=1, max_size=4))
def test_what_yaml_writes_is_read_back(tree: dict[str, object]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    assert plain(parse_document(text, "file.yaml")) == tree


def plain(value: Value) -> object:
    if isinstance(value.node, yaml.MappingNode):
        return {key: plain(entry) for key, entry in value.mapping().items()}
    return [plain(item) for item in value.items()] if value.is_list else value.text()


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 50_000, "- " * 100_000, "? " * 100_000, "".join(" " * n + "a:\n" for n in range(700))],
    ids=["lists", "mappings", "block lists", "keys", "block mappings"],
)
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    started = time.monotonic()
    assert "nested deeper than 32 levels" in complaint(text)
    assert time.monotonic() - started < 5


def test_nesting_is_allowed_to_thirty_two_levels() -> None:
    walk(parse_document("[" * 32 + "]" * 32, "file.yaml"))
    assert complaint("[" * 33 + "]" * 33) == "file.yaml:1: nested deeper than 32 levels"


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - 2\r\n")
    assert plain(read_document(path)) == {"a": "1", "b": ["2"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: caf\xe9\n", ":2: not UTF-8 text"),
        ("a: 1\n".encode("utf-16"), ":1: not UTF-8 text"),
        (b"a: 1\nb: \x00\n", ":2: not valid YAML: the character U+0000 is not allowed"),
        (b"", ":1: the file is empty"),
        (b"\xef\xbb\xbf", ":1: the file is empty"),
        (b"#" * (MAX_BYTES + 1), " is larger than 256 KiB"),
    ],
    ids=["latin-1", "utf-16", "nul", "empty", "only a mark", "too large"],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "stack.yaml"
    path.write_bytes(content)
    with pytest.raises(HqError) as error:
        read_document(path)
    assert str(error.value) == f"{path}{message}"


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stack.yaml"
    path.write_bytes(b"a: 1 #".ljust(MAX_BYTES, b"#"))
    assert plain(read_document(path)) == {"a": "1"}


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "missing.yaml", f"there is no file {tmp_path}/missing.yaml"),
        (tmp_path, f"{tmp_path} is not a file"),
        (tmp_path / "pipe", f"{tmp_path}/pipe is not a file"),
    ]:
        with pytest.raises(HqError) as error:
            read_document(path)
        assert str(error.value) == message


def test_a_file_that_cannot_be_read_is_said() -> None:
    with pytest.raises(HqError, match=r"^/proc/self/mem cannot be read: \w+"):
        read_document(Path("/proc/self/mem"))


def test_a_complaint_points_at_the_key_of_a_block_that_starts_below_it() -> None:
    value = parse("first: 1\nsecond:\n\n  # a remark\n  third: 3\n")["second"]
    assert str(value.error("wrong")) == "file.yaml:2: wrong"
    assert str(value.mapping()["third"].error("wrong")) == "file.yaml:5: wrong"


def test_a_complaint_about_an_item_points_at_it() -> None:
    items = list(parse("list:\n  - a\n  - b\n")["list"].items())
    assert [str(item.error(item.path)) for item in items] == ["file.yaml:2: list[0]", "file.yaml:3: list[1]"]


def test_a_long_quotation_is_shortened() -> None:
    message = complaint(f'"{"x" * 900}": 1\n"{"x" * 900}": 1\n')
    assert message.startswith('file.yaml:2: duplicate key "xxx')
    assert message.endswith("keep one of them")
    assert len(message) < 500


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("latancy", 'unknown key "latancy"; did you mean "latency"?'),
        ("Latency", 'unknown key "Latency"; did you mean "latency"?'),
        ("", 'unknown key ""; known are latency, success_rate'),
        ("qqq", 'unknown key "qqq"; known are latency, success_rate'),
    ],
)
def test_an_unknown_key_gets_the_nearest_known_one(word: str, hint: str) -> None:
    document = parse_document(f'"{word}": 1\n', "file.yaml")
    with pytest.raises(ConfigError) as error:
        document.fields(optional=("latency", "success_rate"))
    assert str(error.value) == f"file.yaml:1: {hint}"


def test_numbers_quantities_and_choices() -> None:
    values = parse("n: 007\nd: 1.5h\np: 99.9 %\na: '[::1]:80'\nu: https://host/path//\nc: b\n")
    assert values["n"].integer(0, 10) == 7
    assert values["d"].duration() == 5400
    assert values["p"].percent() == Decimal("0.999")
    assert str(values["a"].address()) == "[::1]:80"
    assert values["u"].url() == "https://host/path"
    assert values["c"].choice(("a", "b")) == "b"


@pytest.mark.parametrize("text", ["1_0", " 1", "+1", "-1", "1.0", "1e1", "٣", "", "9999999999"])
def test_what_python_would_take_for_a_number_is_not_one(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(f'n: "{text}"\n')["n"].integer(0, 10**9)
