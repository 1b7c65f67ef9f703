"""The arithmetic of bench/data_plane.py; what it measures is for `make bench`."""

import math
import os
import time

import pytest

from bench.data_plane import _compare, _cpu_seconds, _upper_bound_of_median


@pytest.mark.parametrize(("n", "k"), [(5, 5), (10, 9), (30, 20), (60, 37)])
def test_the_upper_bound_of_the_median_is_the_order_statistic_that_covers_it(n, k):
    """The k of the tables of the sign test at 95 %."""
    assert _upper_bound_of_median([float(value) for value in range(1, n + 1)]) == k


def test_four_rounds_are_too_few_to_say():
    assert _upper_bound_of_median([1.0, 1.0, 1.0, 1.0]) == math.inf


def test_rounds_are_compared_in_pairs():
    compared = _compare("a / b", [1.0, 2.0, 3.0, 4.0, 5.5], [1.0, 2.0, 3.0, 4.0, 5.0], bound=1.15)
    assert (compared.ratio, compared.upper, compared.holds) == (1.0, 1.1, True)


def test_the_cpu_clock_is_that_of_the_process():
    before = _cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() < before[1] + 0.05:
        pass
    assert _cpu_seconds(os.getpid()) - before[0] == pytest.approx(time.process_time() - before[1], abs=0.02)
