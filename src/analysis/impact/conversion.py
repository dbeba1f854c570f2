"""Tables of measures in the currency that they are shown in."""

import pandas as pd

from analysis.impact.currency import Currency
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.vocabulary import PRINTED


def converted(table: pd.DataFrame, currency: Currency) -> pd.DataFrame:
    """Convert the rows that are amounts in euros, and those in euros for each tonne.

    What the provider's report printed stays as it was printed.

    Parameters
    ----------
    table
        See `analysis.impact.measures.Measures`.
    currency
        What to convert them to. A row that rests on an illustrative rate of exchange becomes
        illustrative. One that has the digits which its interval supports gets those that it
        supports once converted; others keep theirs.
    """
    if currency.unit is MeasureUnit.EUR:
        return table
    units = {
        MeasureUnit.EUR: currency.unit,
        MeasureUnit.EUR_A_TONNE: currency.per_tonne,
    }
    money = table["unit"].isin(list(units)) & (table["group"] != PRINTED)
    shown = table.copy()
    for name in ("estimate", "ci_low", "ci_high"):
        shown[name] = table[name].where(~money, table[name] * currency.per_euro)
    shown["unit"] = table["unit"].where(~money, table["unit"].map(dict(units)))
    shown["illustrative"] = table["illustrative"] | (money & currency.illustrative)
    supported = table["ci_low"].notna() & (table["digits"] == _with_own_digits(table)["digits"])
    own = _with_own_digits(shown)
    return own.assign(digits=own["digits"].where(money & supported, table["digits"]))


def _with_own_digits(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the digits of its units and intervals."""
    rows = table.drop(columns="digits").to_dict("records")
    made = measure_table({str(name): value for name, value in row.items()} for row in rows)
    return made.set_index(table.index)
