"""Tables of measures in the currency that they are shown in."""

import pandas as pd

from analysis.impact.currency import Currency
from analysis.impact.measures import Measures, MeasureUnit


def converted(table: pd.DataFrame, currency: Currency) -> pd.DataFrame:
    """Convert the rows that are amounts in euros, and those in euros for each tonne.

    Parameters
    ----------
    table
        See `analysis.impact.measures.Measures`.
    currency
        What to convert them to. A row that rests on an illustrative rate of exchange becomes
        illustrative; decimals stay, for a rate near one supports no others.
    """
    units = {
        MeasureUnit.EUR: currency.unit,
        MeasureUnit.EUR_A_TONNE: currency.per_tonne,
    }
    money = table["unit"].isin(list(units))
    shown = table.copy()
    for name in ("estimate", "ci_low", "ci_high"):
        shown[name] = table[name].where(~money, table[name] * currency.per_euro)
    shown["unit"] = table["unit"].where(~money, table["unit"].map(dict(units)))
    shown["illustrative"] = table["illustrative"] | (money & currency.illustrative)
    return Measures.validate(shown, lazy=True)
