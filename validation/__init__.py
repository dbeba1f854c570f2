"""Simulation study of every interval that the project reports: `make validate`.

Persons are drawn from a population whose gaps are known, as often as the study asks, and it is
counted how often each interval holds the truth. It writes docs/validation.md.
"""
