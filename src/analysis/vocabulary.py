"""The terms of the project, defined once, with their labels in English and French.

Everything that names a language, a category, a contrast or an estimand takes it from here, so
that a figure, a table and a sentence can't call the same thing by two names.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

LANGUAGES: Final = ("en", "fr")

Label = Mapping[str, str]
"""A text in each of `LANGUAGES`."""


class Contrast(StrEnum):
    """Who is compared with whom when groups overlap (design: always told apart)."""

    ANY = "any"
    MARGINAL = "marginal"
    COMPLEMENT = "complement"
    JOINT = "joint"


INTERSECTION: Final = "intersection"
"""Each combination of categories, shrunk toward the additive model: a contrast of its own."""


class Estimand(StrEnum):
    """What a row of a result table estimates."""

    RATE = "rate"
    DIFFERENCE = "difference"
    RISK_RATIO = "risk_ratio"
    ODDS_RATIO = "odds_ratio"
    DIFFERENCE_AS_NO = "difference_unknown_as_no"
    DIFFERENCE_AS_YES = "difference_unknown_as_yes"
    ADJUSTED_DIFFERENCE = "adjusted_difference"
    ADJUSTED_DIFFERENCE_AS_NO = "adjusted_difference_unknown_as_no"
    ADJUSTED_DIFFERENCE_AS_YES = "adjusted_difference_unknown_as_yes"
    POINT_GAP = "point_gap"
    PROPORTIONALITY_INDEX = "proportionality_index"
    EIGHTY_PERCENT_INDEX = "eighty_percent_index"
    SUCCESSES_TO_PARITY = "successes_to_parity"
    SUCCESSES_TO_ESCAPE_FLAG = "successes_to_escape_flag"
    # Why: parts of a gap that add up to it.
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"
    ENDOWMENTS = "endowments"
    COEFFICIENTS = "coefficients"
    INTERACTION = "interaction"
    STEP_CONTRIBUTION = "step_contribution"
    LOG_STEP_CONTRIBUTION = "log_step_contribution"
    NONRESPONSE_SHIFT = "nonresponse_shift"
    # Who answered.
    RATE_LOWER_BOUND = "rate_lower_bound"
    RATE_UPPER_BOUND = "rate_upper_bound"
    DIFFERENCE_LOWER_BOUND = "difference_lower_bound"
    DIFFERENCE_UPPER_BOUND = "difference_upper_bound"
    TIPPING_VANISH = "tipping_vanish"
    TIPPING_DOUBLE = "tipping_double"
    # Small groups.
    SHRUNK_RATE = "shrunk_rate"
    INTERACTION_EFFECT = "interaction_effect"
    VARIANCE_PARTITION = "variance_partition"
    PROPORTIONAL_CHANGE = "proportional_change"
    MINIMAL_DETECTABLE_GAP = "minimal_detectable_gap"
    POWER = "power"
    EQUIVALENCE = "equivalence"
    # How fragile.
    ROBUSTNESS_VALUE = "robustness_value"
    ROBUSTNESS_VALUE_ALPHA = "robustness_value_alpha"
    PARTIAL_R2 = "partial_r2"
    CONFOUNDED_DIFFERENCE = "confounded_difference"
    E_VALUE = "e_value"
    E_VALUE_INTERVAL = "e_value_interval"
    SPECIFICATIONS_MEDIAN = "specifications_median"
    SPECIFICATIONS_BELOW_ZERO = "specifications_below_zero"
    SPECIFICATIONS_SIGNIFICANT = "specifications_significant"
    # When.
    PLACED_BY = "placed_by"
    PLACED_BY_DIFFERENCE = "placed_by_difference"
    RESTRICTED_MEAN = "restricted_mean"
    RESTRICTED_MEAN_DIFFERENCE = "restricted_mean_difference"
    HAZARD_RATIO = "hazard_ratio"
    HAZARD_ODDS_RATIO = "hazard_odds_ratio"
    ADJUSTED_PLACED_BY_DIFFERENCE = "adjusted_placed_by_difference"
    # Since when.
    CHANGE = "change"
    CHANGE_COMPOSITION = "change_composition"
    CHANGE_RATES = "change_rates"


class Unknown(StrEnum):
    """What is done with a membership that is not known."""

    LEFT_OUT = "left_out"
    AS_NO = "as_no"
    AS_YES = "as_yes"


class LearnerKind(StrEnum):
    """What a person was when a career outcome occurred; apprentices are path students too."""

    FREE = "free"
    PATH = "path"
    APPRENTICE = "apprentice"


class IncomeLine(StrEnum):
    """A line of the income statement: revenue by who pays, costs, and what follows them.

    Revenue and costs are both positive. The financial result has its own sign, and a positive
    income tax is a cost.
    """

    REVENUE_INDIVIDUAL = "revenue_individual"
    REVENUE_PUBLIC = "revenue_public"
    REVENUE_APPRENTICESHIP = "revenue_apprenticeship"
    REVENUE_EMPLOYER = "revenue_employer"
    REVENUE_OTHER = "revenue_other"
    SUBSIDIES = "subsidies"
    STAFF = "staff"
    MENTORING = "mentoring"
    CONTENT = "content"
    TECHNOLOGY = "technology"
    MARKETING = "marketing"
    PREMISES = "premises"
    CLIMATE_CONTRIBUTION = "climate_contribution"
    DEPRECIATION = "depreciation"
    OTHER_COSTS = "other_costs"
    FINANCIAL_RESULT = "financial_result"
    INCOME_TAX = "income_tax"


SIGNED_LINES: Final = (IncomeLine.FINANCIAL_RESULT, IncomeLine.INCOME_TAX)
"""Lines that may be below zero; of all others, that would be a cost among the revenue or back."""


class Audience(StrEnum):
    """For whom tables are released: inside the provider unrounded, or for everyone."""

    INTERNAL = "internal"
    PUBLIC = "public"


MONTHS_A_YEAR: Final = 12
HORIZONS: Final = (6, 12, 24, 60, 120)
"""Months after graduation at which placement is asked for."""

SEED: Final = 20_230_731
"""Of random draws, unless another one is asked for."""

KEPT: Final = "kept"
"""Status of a row that is in a denominator; every other status is a reason to leave it out."""

UNDERSERVED: Final = "underserved"
NON_UNDERSERVED: Final = "non_underserved"
OTHERS: Final = "others"
ALL: Final = "all"
PRINTED: Final = "printed"
"""Group of a value as the provider's report has it, beside the computed one."""
UNKNOWN_LEVEL: Final = "unknown"

CATEGORIES: Final[dict[str, Label]] = {
    "job_seeker": {"en": "Job seekers", "fr": "Demandeurs d’emploi"},
    "low_qualification": {
        "en": "Low or no qualification",
        "fr": "Peu ou pas qualifiés",
    },
    "disability": {"en": "People with a disability", "fr": "Personnes en situation de handicap"},
    "refugee": {"en": "Refugees", "fr": "Réfugiés"},
    "underserved_area": {"en": "Underprivileged areas", "fr": "Quartiers défavorisés"},
}

FUNDING: Final[dict[str, Label]] = {
    "individual": {"en": "Individual", "fr": "Individuel"},
    "public": {"en": "Public", "fr": "Public"},
    "apprenticeship": {"en": "Apprenticeship", "fr": "Alternance"},
    "employer": {"en": "Employer", "fr": "Employeur"},
    "other": {"en": "Other", "fr": "Autre"},
}

LEVELS: Final[dict[str, Label]] = {
    **FUNDING,
    "woman": {"en": "Women", "fr": "Femmes"},
    "man": {"en": "Men", "fr": "Hommes"},
    UNKNOWN_LEVEL: {"en": "Not known", "fr": "Inconnu"},
}
"""Levels of covariates that have another name for readers than in the data."""

CAREER_OUTCOMES: Final[dict[str, Label]] = {
    "job": {"en": "New job", "fr": "Nouvel emploi"},
    "internship": {"en": "Internship", "fr": "Stage"},
    "apprenticeship": {"en": "Apprenticeship", "fr": "Alternance"},
    "business": {"en": "New business", "fr": "Création d’entreprise"},
    "title_or_raise": {
        "en": "New title or salary increase",
        "fr": "Nouveau titre ou augmentation de salaire",
    },
    "internal_mobility": {"en": "Internal mobility", "fr": "Mobilité interne"},
}

GROUPS: Final[dict[str, Label]] = {
    UNDERSERVED: {
        "en": "Underserved (any category)",
        "fr": "Public prioritaire (au moins un critère)",
    },
    NON_UNDERSERVED: {"en": "Non-underserved", "fr": "Public non prioritaire"},
    OTHERS: {"en": "Everyone else", "fr": "Tous les autres"},
    ALL: {"en": "All", "fr": "Ensemble"},
}

CONTRASTS: Final[dict[Contrast, Label]] = {
    Contrast.ANY: {
        "en": "Underserved against non-underserved",
        "fr": "Public prioritaire face au public non prioritaire",
    },
    Contrast.MARGINAL: {
        "en": "Members of one category against the non-underserved",
        "fr": "Membres d’une catégorie face au public non prioritaire",
    },
    Contrast.COMPLEMENT: {
        "en": "Members of one category against everyone else",
        "fr": "Membres d’une catégorie face à tous les autres",
    },
    Contrast.JOINT: {
        "en": "One category, the other categories held fixed",
        "fr": "Une catégorie, les autres catégories étant fixées",
    },
}
