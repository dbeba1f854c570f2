"""Whether published figures are jointly possible.

Each printed figure becomes an interval by its rounding, what must hold between figures becomes
linear relations, and linear programs tell whether any numbers satisfy all of them.
"""
