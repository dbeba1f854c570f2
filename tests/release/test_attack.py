"""The attack finds a planted leak, finds nothing in a sound pack, and edits nothing."""

from collections.abc import Callable

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.estimate.results import result_table
from analysis.release.attack import attack, check_release
from analysis.release.facts import ReleasedTable
from analysis.release.knowledge import DENOMINATOR, Population
from analysis.release.results import Release
from analysis.vocabulary import Audience

PUBLIC = Release(Audience.PUBLIC, cohort="2022", described="started")


def rates(*rows: tuple[str, str, int, int], **shared: object) -> pd.DataFrame:
    plain = {"study": "toy", "reference": "", "estimand": "rate", "method": "wilson"}
    counts = {"n_reference": 0, "k_reference": 0}
    return result_table(
        [
            plain | counts | shared
            | {"outcome": outcome, "group": group, "n_group": n, "k_group": k, "estimate": k / n}
            for outcome, group, n, k in rows
        ]
    )  # fmt: skip


def told(rows: pd.DataFrame, name: str = "rates", cohort: str = "2022") -> ReleasedTable:
    return ReleasedTable(name, PUBLIC.results(rows), "toy", cohort, "started")


def test_the_stage_before_tells_a_small_denominator() -> None:
    found = attack([told(rates(("admitted", "refugee", 60, 12), ("started", "refugee", 12, 5)))])
    (one,) = found
    assert (one.table, one.cohort, one.group) == ("rates", "2022", "refugee")
    assert one.low <= 12 <= one.high


def test_a_stage_of_another_meaning_tells_nothing() -> None:
    rows = [("admitted", "all", 900, 300), ("started", "all", 700, 200)]
    small = [("admitted", "refugee", 60, 12), ("started", "refugee", 12, 5)]
    assert attack([told(rates(*rows, *small))]) == []


def test_the_tables_are_not_touched() -> None:
    table = told(rates(("admitted", "refugee", 60, 12), ("started", "refugee", 12, 5)))
    before = table.rows.copy(deep=True)
    attack([table])
    pd.testing.assert_frame_equal(table.rows, before)


def test_tables_that_count_no_groups_are_passed_over() -> None:
    curves = pd.DataFrame({"month": [6], "at_risk": [30], "note": [""]})
    assert attack([ReleasedTable("curves", curves, "toy")]) == []
    assert attack([]) == []


def combinations(**persons: int) -> ReleasedTable:
    rows = pd.DataFrame({"combination": list(persons), "persons": list(persons.values())})
    total = rows["persons"].sum()
    table = PUBLIC.shares(rows.assign(categories=1, share=rows["persons"] / total))
    return ReleasedTable("overlap", table, "toy", "2022", "started")


def test_one_hidden_combination_is_the_rest_of_its_category() -> None:
    sound = combinations(refugee=40, non_underserved=500)
    hidden = combinations(**{"refugee": 40, "refugee + carer": 2, "non_underserved": 500})
    category = told(rates(("started", "refugee", 42, 9)))
    assert attack([sound, category]) == []
    (one,) = attack([hidden, category])
    assert (one.table, one.group) == ("overlap", "just refugee + carer")
    assert one.low <= 2 <= one.high


def test_a_table_of_another_parameter_tells_what_one_alone_does_not() -> None:
    years = [
        told(rates(("admitted", "all", n, 0)), year, year)
        for year, n in (("2021", 1), ("2022", 401))
    ]
    whole = told(rates(("admitted", "all", 402, 0)), "whole", "all")
    population = Population("toy", "all", "admitted", DENOMINATOR)
    together = {population: ["2021", "2022"]}
    assert attack(years, wholes=together) == []
    (one,) = attack([*years, whole], wholes=together)
    assert (one.table, one.cohort, one.low) == ("2021", "2021", 0)


def test_a_variant_of_a_study_counts_the_same_persons() -> None:
    base = told(rates(("admitted", "all", 12, 3)))
    assert attack([base]) == []
    shown = PUBLIC.results(rates(("admitted", "all", 30, 3), study="toy+zrr")).assign(
        n_group=10, k_group=0, estimate=0.0
    )
    (one,) = attack([base, ReleasedTable("variant", shown, "toy+zrr", "2022")])
    assert one.table == "rates"


def test_a_leak_is_named_with_its_range() -> None:
    table = told(rates(("admitted", "refugee", 60, 12), ("started", "refugee", 12, 5)))
    with pytest.raises(InputError, match=r"rates: started of refugee, cohort 2022: between"):
        check_release([table])


def test_tables_that_no_counts_could_give_are_refused() -> None:
    table = told(rates(("admitted", "all", 500, 100), ("admitted", "refugee", 12, 5)))
    shown = table.rows["group"] == "all"
    changed = table.rows.assign(k_group=table.rows["k_group"].mask(shown, 600))
    with pytest.raises(InputError, match="contradict"):
        check_release([ReleasedTable("rates", changed, "toy", "2022")])


def test_a_sound_pack_passes(draw_cells: Callable, release_rates: Callable) -> None:
    check_release(release_rates(draw_cells(1, 4000), frozenset(), ("2022",)))
