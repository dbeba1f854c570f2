"""What the report does not tell and the generated cohort needs: round, illustrative choices.

The calibration makes counts and rates of 2022 those of the report whatever stands here. What stands
here decides all else: how groups differ in age, country, path and gender, and how these matter.
Effects are log odds.
"""

from typing import Final

SEED: Final = 2022
YEARS: Final = (2020, 2021, 2022)
EXTRACT_DAY: Final = "2023-07-31"
PERSONS: Final = 200_000
STUDENTS_BEFORE: Final = {2020: 4_000, 2021: 6_500}
"""Students of earlier years. Those of 2021 were expected to graduate in 2022, and so on."""

UNKNOWN_SHARE: Final = 0.008
"""Share of students in none of the categories known, with that one category not known."""

RESPONSE_RATE: Final = 0.40
MOST_ANSWER: Final = 0.9
"""Response to the job survey: of all graduates, and at most in any stratum."""

NONRESPONSE_ODDS: Final = 0.6
"""Odds of placement of graduates who did not answer, relative to those who did."""

FOLLOWED_UP: Final = 0.4
"""Share of the placed who did not answer whose outcome is known from elsewhere."""

AGE_BANDS: Final = {"<=25": (18, 25), "26-30": (26, 30), "31-40": (31, 40), "41-50": (41, 50)} | {
    ">50": (51, 62)
}
AGES: Final = dict(zip(AGE_BANDS, (0.24, 0.24, 0.30, 0.15, 0.07), strict=True))
COUNTRIES: Final = {
    "FR": 0.72, "GB": 0.04, "US": 0.03, "BE": 0.04, "CA": 0.02, "CH": 0.02, "MA": 0.03,
    "SN": 0.02, "CI": 0.02, "DZ": 0.01, "TN": 0.01, "CM": 0.01, "DE": 0.01, "ES": 0.01, "LU": 0.01,
}  # fmt: skip
PATHS: Final = {
    "web-developer": ("Web developer", 5, 0.22),
    "it-support": ("IT support technician", 5, 0.12),
    "digital-sales": ("Digital sales officer", 5, 0.10),
    "hr-assistant": ("Human resources assistant", 5, 0.08),
    "python-developer": ("Python application developer", 6, 0.12),
    "data-analyst": ("Data analyst", 6, 0.12),
    "project-manager": ("Digital project manager", 6, 0.08),
    "ux-designer": ("UX designer", 6, 0.06),
    "data-scientist": ("Data scientist", 7, 0.06),
    "software-architect": ("Software architect", 7, 0.04),
}
"""Title, EQF level of the degree, share of applicants."""

SHIFTS: Final[dict[str, dict[str, dict[str, float]]]] = {
    "age": {
        "job_seeker": {"<=25": -0.3, "41-50": 0.3, ">50": 0.5},
        "low_qualification": {"<=25": 0.7, "41-50": 0.2, ">50": 0.3},
        "disability": {"<=25": -0.4, "41-50": 0.5, ">50": 0.8},
        "underserved_area": {"<=25": 0.4},
    },
    "country": {
        "job_seeker": {"FR": 1.2},
        "disability": {"FR": 0.6, "GB": 0.4},
        "refugee": {"FR": 1.0, "GB": 0.5},
    },
    "path": {
        "low_qualification": {
            "web-developer": 0.4, "it-support": 0.7, "digital-sales": 0.5, "hr-assistant": 0.5,
            "data-scientist": -1.5, "software-architect": -1.5,
        },
        "job_seeker": {"web-developer": 0.3, "hr-assistant": 0.3, "data-scientist": -0.3},
    },
}  # fmt: skip
"""By how much belonging to a category raises the log odds of a level."""

WOMEN: Final = {"job_seeker": 0.04, "low_qualification": -0.03, "disability": 0.02, "refugee": -0.1}
"""By how much belonging to a category changes the share of women among students."""

WOMEN_AMONG_OTHERS: Final = 0.29
"""Share of women among applicants who tell their gender and never start."""

GENDER_NOT_TOLD: Final = 0.03
"""Share who don't tell their gender: of applicants who never start, and of students who are no
women, whose share among the students is printed."""

EFFECTS: Final[dict[str, dict[str, dict[str, float]]]] = {
    "admission": {
        "age": {"<=25": -0.2, ">50": -0.1},
        "country": {"FR": 0.4},
        "path": {"data-scientist": -0.6, "software-architect": -0.6, "it-support": 0.3},
    },
    "start": {
        "age": {"<=25": 0.1, "41-50": 0.1},
        "country": {"FR": 0.6, "GB": -0.1},
        "path": {"web-developer": 0.2, "ux-designer": -0.3},
    },
    "funding": {
        "age": {"<=25": 1.2, "26-30": 0.5, "41-50": -0.2, ">50": -0.4},
        "country": {"FR": 0.8},
        "path": {"data-scientist": -0.3},
    },
    "graduation": {
        "age": {"<=25": -0.4, "26-30": 0.1, "41-50": 0.1, ">50": -0.1},
        "country": {"FR": 0.1},
        "path": {"web-developer": -0.2, "data-scientist": -0.4, "project-manager": 0.4},
        "gender": {"woman": 0.2},
    },
    "placement": {
        "age": {"26-30": 0.1, "41-50": -0.4, ">50": -0.8},
        "country": {"FR": 0.2, "US": 0.2},
        "path": {"it-support": -0.3, "data-analyst": 0.3, "software-architect": 0.5},
        "gender": {"woman": -0.1},
    },
}
"""Effects on reaching each stage; `funding`: on being paid for by others."""

# The bottom lines. The report prints emissions per learner and per path student and the donation of
# 2022; every other number is a choice. Amounts are in EUR, those of a year unless told otherwise.

FREE_LEARNERS_BEFORE: Final = {2020: 250_000, 2021: 330_000}
"""Learners of free courses active in earlier years. Those of 2022 follow from printed figures."""

EMISSION_GROWTH: Final = 0.18
"""Yearly growth of emissions, in logs, in all teams."""

EMITTERS: Final[dict[tuple[str, int], tuple[float, float, int]]] = {
    ("workplace", 1): (0.05, 0.9, 1),
    ("workplace", 2): (0.06, 0.3, 1),
    ("workplace", 3): (0.17, 0.15, 3),
    ("technology", 2): (0.02, 0.1, 7),
    ("technology", 3): (0.24, 0.05, 10),
    ("mentoring", 3): (0.18, 0.1, 11),
    ("content", 3): (0.09, 0.25, 5),
    ("marketing", 3): (0.12, 0.3, 9),
    ("travel", 3): (0.07, 0.5, 6),
}
"""By team and scope: share of emissions, how far they rise above the trend, and in which month."""

NOISE: Final = {"emissions": 0.12, "finance": 0.04}
"""How far a month may lie from trend and season, as a fraction of it, on either side."""

EMISSION_BUDGETS: Final = {2021: 0.98, 2022: 0.95}
"""Budget as a fraction of trend and season, of the years that had one."""

PRICES: Final = {
    "individual": 2_500, "public": 3_500, "apprenticeship": 7_000, "employer": 4_000,
    "other": 3_000,
}  # fmt: skip
"""Revenue from a student who starts, by who pays."""

REVENUE_SEASON: Final = (0.12, 10)
"""How far revenue rises above its trend, and in which month."""

COSTS: Final = {
    "staff": (5_000_000, 1_100), "mentoring": (0, 900), "content": (800_000, 60),
    "technology": (800_000, 150), "marketing": (1_000_000, 380), "premises": (1_000_000, 0),
    "depreciation": (800_000, 40), "other_costs": (500_000, 60),
}  # fmt: skip
"""Costs: fixed ones, and those for each student who starts."""

COST_SEASON: Final = (0.03, 9)
"""How far costs rise above their trend, and in which month."""

FLAT_LINES: Final = {"subsidies": 300_000, "financial_result": -120_000}
"""Lines that are the same in each month."""

CONTRIBUTIONS_BEFORE: Final = {2020: 0, 2021: 40_000}
"""Climate contribution of earlier years; that of 2022 is printed. It is paid in December."""

TAX_RATE: Final = 0.25
"""Of a year's result above zero, due in December; losses of earlier years are not counted against
it."""

FINANCE_BUDGETS: Final = {2020: 1.04, 2021: 1.0, 2022: 0.98}
BUDGET_STEP: Final = {"emissions": 10, "finance": 1_000}
"""Budget as a fraction of trend and season, and what budgets are rounded to."""
