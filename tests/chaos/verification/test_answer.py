"""The answer: one sentence that claims no more than what was seen, a table, and JSON to judge again from."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from chaos.scenario_file import load_scenario
from chaos.score import Outcome
from chaos.verification.aim import Aim
from chaos.verification.answer import answer, concluded, summary, table
from chaos.verification.bars import BELOW, FAR_ABOVE, bars
from chaos.verification.decoys import Drift
from chaos.verification.document import document
from chaos.verification.episodes import Episode, Trial
from chaos.verification.level import Level
from chaos.verification.quality import judged
from chaos.verification.settled import Tried
from chaos.verification.verified import Verified

SCENARIO = load_scenario("rate-limit-storm")


def storm(
    since: float, *, intensity: Decimal = FAR_ABOVE, notified: float | None = 15.0, void: str | None = None
) -> Tried:
    aim = Aim(SCENARIO, "proxies", "shop", "rate_limit_storm", intensity, 0.05, float(intensity) / 20, ())
    allowed = 26.0 if intensity >= 1 else None
    trial = Trial("rate_limit_storm", intensity, since, since + 31, "shop", SCENARIO.may, allowed)
    share = float(intensity) / 20
    return Tried(aim, trial, Level(share, share, 3000, 300), notified, void)


def alert(since: float) -> Episode:
    return Episode("rate_limit_storm", "high", "shop", since, since + 60)


def verified(*tried: Tried, alerts: tuple[Episode, ...] = ()) -> Verified:
    quality = judged([one.trial for one in tried if not one.void], alerts, 600.0)
    return Verified(
        Outcome.RESILIENT, "everything was tried", tried, alerts, quality, tuple(bars(quality)), ("no decoy here",)
    )


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            verified(storm(100), storm(500), alerts=(alert(112), alert(514))),
            "Yes: the right alert fired for 2 of 2 anomalies that were large enough (after 14 s at most), and each "
            "notification reached the journal. 2 of 2 prove that of at least 22% of such anomalies someone is told.",
        ),
        (
            verified(storm(100), storm(500, notified=None), alerts=(alert(112), alert(514))),
            "Not always: the right alert fired for 2 of 2 anomalies that were large enough (after 14 s at most), and "
            "the notification reached the journal for 1 of these. 1 of 2 prove that of at least 3% of such anomalies "
            "someone is told.",
        ),
        (
            verified(storm(100, notified=None), alerts=(alert(112),)),
            "No: the right alert fired for 1 of 1 anomalies that were large enough (after 12 s at most), and no "
            "notification reached the journal: does Alertmanager send to the webhook of `dev-hq serve`? 0 of 1 prove "
            "that of at most 95% of such anomalies someone is told.",
        ),
        (
            verified(storm(100, notified=None)),
            "No: the right alert fired for 0 of 1 anomalies that were large enough. 0 of 1 prove that of at most 95% "
            "of such anomalies someone is told.",
        ),
        (
            verified(storm(100, intensity=BELOW, notified=None), storm(500, void="it came to 1.01x")),
            "Nobody knows: no anomaly came about that should have raised an alert.",
        ),
    ],
)
def test_the_answer_claims_what_was_seen(found: Verified, sentence: str) -> None:
    assert answer(found) == f"Would anyone have been told? {sentence}"


def test_the_table_and_the_summary() -> None:
    drift = Tried(Drift("shop", (), 30.0), Trial("slow drift", None, 900, 930, "shop"))
    found = verified(
        storm(100), storm(500, intensity=BELOW, notified=None), storm(700, void="too near"), drift, alerts=(alert(112),)
    )
    assert list(table(found)) == [
        "scenario             size    measured  right alert                  to detect  needs      to clear",
        "rate-limit-storm    0.75x       0.75x  0 of 1 (at most 95.0%)               -      -             -",
        "rate-limit-storm       3x       3.00x  1 of 1 (at least 5.0%)     12.0/12.0 s   26 s   41.0/41.0 s",
    ]
    assert list(summary(found)) == [
        "precision     1 of 1 (at least 5.0%) episodes were right",
        "right type    1 of 1 (at least 5.0%) of the anomalies that showed",
        "decoy         slow drift, 30 s: silent",
        "false alarms  0 in 10m of steady time: 0 a day, at most 431",
        "not judged    rate-limit-storm at 3x: too near",
        "not tried     no decoy here",
        "bar           recall 1.0 at 3x: met, 1 of 1 (at least 5.0%)",
        "bar           recall at least 0.8 at 1.25x: not shown, nothing was tried",
        "bar           no alert at 0.75x: met, 0 of 1 (at most 95.0%)",
        "bar           precision at least 0.95: met, 1 of 1 (at least 5.0%)",
        "bar           right type at least 0.9: met, 1 of 1 (at least 5.0%)",
        "bar           detected at 3x within 60 s / size + scrape + 2 evaluations + hold: met, 0 of 1 were late; the "
        "last came after 12.0 s of 26.0 s",
    ]


def test_a_missed_bar_is_a_weakness_unless_a_sample_can_miss_it_by_chance() -> None:
    stray = replace(alert(400), anomaly_type="traffic_drop")
    found = verified(storm(100), alerts=(alert(112), stray))
    assert concluded(found, sample=False).outcome is Outcome.WEAKNESS
    assert concluded(found, sample=True).outcome is Outcome.RESILIENT
    assert concluded(found, sample=True).reason == answer(found)
    assert concluded(verified(storm(100)), sample=True).outcome is Outcome.WEAKNESS
    assert concluded(verified(storm(100, intensity=BELOW)), sample=True).outcome is Outcome.COULD_NOT_RUN


def test_the_json_holds_all_that_it_was_judged_from() -> None:
    found = verified(storm(100), storm(700, void="too near"), alerts=(alert(112), alert(5000)))
    read = json.loads(json.dumps(document(found, seed=7, quick=True, exit_code=1)))
    trials = [
        Trial(
            one["kind"], Decimal(str(one["intensity"])), one["since"], one["until"], one["service"], tuple(one["may"])
        )
        for one in read["trials"]
        if not one["not_judged"]
    ]
    again = judged(trials, [Episode(**one) for one in read["episodes"]], read["quality"]["steady_seconds"])
    assert again.precision == found.quality.precision
    precision = read["quality"]["precision"]
    assert (precision["hits"], precision["of"], precision["share"]) == (1, 2, 0.5)
    assert (round(precision["at_least"], 3), round(precision["at_most"], 3)) == (0.025, 0.975)
    assert read["quality"]["false_alarms"] == [
        {"anomaly_type": "rate_limit_storm", "severity": "high", "service": "shop", "since": 5000, "until": 5060}
    ]
    assert (read["version"], read["seed"], read["quick"], read["exit_code"]) == (1, 7, True, 1)
    assert read["trials"][0]["measured_intensity"] == pytest.approx(3.0)
