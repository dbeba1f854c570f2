"""What is true of the generated cohort of 2022: its composition, response rates and gaps.

The gaps are those of the model that the persons are drawn from, computed from expected counts; an
estimate differs from them by chance and by what its regression leaves out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from analysis.ingest.journeys import COUNTRIES_WITH_AREAS, OTHER_COUNTRY, SELF_PAID
from analysis.ingest.synthetic import YEAR, assumed
from analysis.ingest.synthetic.closest import Array, Counts
from analysis.ingest.synthetic.people import SHARES, SLOTS, effects, level_shares
from analysis.ingest.synthetic.strata import FLAGS, NAMES, STRATA, UNDERSERVED, Stages, members
from analysis.ingest.synthetic.targets import Targets
from analysis.vocabulary import FUNDING, NON_UNDERSERVED, Contrast
from analysis.vocabulary import UNDERSERVED as ANY

COUNTRY_GROUPS = [
    country if country in COUNTRIES_WITH_AREAS else OTHER_COUNTRY for country in SHARES["country"]
]
HALVINGS = 60
WIDEST = 30.0
GENDERS = ("woman", "man", "unknown")
Json = dict[str, object]


@dataclass(frozen=True)
class Expected:
    """Expected counts of an outcome.

    Attributes
    ----------
    persons, successes
        Shape (strata, country, age, path, gender).
    """

    persons: Array
    successes: Array


def truth(targets: Targets, stages: dict[int, Stages]) -> Json:
    """Tell what is true of the cohort of 2022.

    Returns
    -------
    dict
        `strata`: a row each, with flags, persons at each stage and their response rate. `groups`:
        response rate of each group, and placement among those who answered and among all graduates.
        `gaps`: for each outcome, contrast and group the raw gap, and the adjusted one: the mean,
        over the persons compared, of the difference of the two sides' rates at the same age,
        country, path and gender.
    """
    outcomes = expected_counts(stages[YEAR], stages[YEAR - 1])
    return {
        "year": YEAR,
        "strata": list(_strata(stages[YEAR], stages[YEAR - 1])),
        "groups": {name: _group(name, stages[YEAR - 1]) for name in targets.placement},
        "gaps": [row for name, counts in outcomes.items() for row in _gaps(name, counts)],
    }


def expected_counts(entry: Stages, exits: Stages) -> dict[str, Expected]:
    """Expected counts of each outcome of the cohort.

    Parameters
    ----------
    entry
        The year's applicants and students.
    exits
        The students of the year before, who were expected to graduate in it.
    """
    applied, started = _students(entry)
    known = _genders(entry.women / np.maximum(entry.students, 1))
    oriented = started[..., None] * known
    applicants = oriented + (applied - started)[..., None] * _untold()
    individual = entry.funding[:, tuple(FUNDING).index(SELF_PAID)]
    paid = _reach(started, _index("funding"), entry.students - individual)
    finishing = _students(exits)[1][..., None] * _genders(
        exits.women / np.maximum(exits.students, 1)
    )
    graduates = finishing * _reach(finishing, _index("graduation", True), exits.graduates)
    placed = graduates * _reach(graduates, _index("placement", True), exits.placed)
    told_placed = _share(exits.placed_respondents, exits.placed)
    told_other = _share(
        exits.respondents - exits.placed_respondents, exits.graduates - exits.placed
    )
    answers = placed * told_placed + (graduates - placed) * told_other
    return {
        "oriented": Expected(applicants, oriented),
        "third_party_funded": Expected(oriented, oriented * paid[..., None]),
        "graduated": Expected(finishing, graduates),
        "answered_6": Expected(graduates, answers),
        "placed_6": Expected(answers, placed * told_placed),
        "placed_6_of_all_graduates": Expected(graduates, placed),
    }


def _untold() -> Array:
    """Shares of women, men and unknown among applicants who never start."""
    told, women = 1 - assumed.GENDER_NOT_TOLD, assumed.WOMEN_AMONG_OTHERS
    return np.array([told * women, told * (1 - women), assumed.GENDER_NOT_TOLD])


def _genders(women: Array) -> Array:
    """Shares of women, men and unknown in each stratum, to multiply expected counts by."""
    told = 1 - assumed.GENDER_NOT_TOLD
    shares = np.stack([women, told * (1 - women), (1 - told) * (1 - women)], axis=-1)
    return shares[:, None, None, None, :]


def _share(part: Counts, entire: Counts) -> Array:
    share: Array = part / np.maximum(entire, 1)
    return share[:, None, None, None, None]


def _index(stage: str, by_gender: bool = False) -> Array:
    """Sum of the effects on a stage, by country, age and path (and gender)."""
    country, age, path = (effects(name, stage) for name in ("country", "age", "path"))
    index: Array = country[:, None, None] + age[None, :, None] + path[None, None, :]
    if not by_gender:
        return index
    given = assumed.EFFECTS[stage].get("gender", {})
    own: Array = index[..., None] + np.array([given.get(name, 0.0) for name in GENDERS])
    return own


def _students(stages: Stages) -> tuple[Array, Array]:
    """Expected applicants and students, by stratum, country, age and path."""
    shares = [level_shares(name).to_numpy() / SLOTS for name in ("country", "age", "path")]
    applied = np.einsum("s,sc,sa,sp->scap", stages.applicants.astype(float), *shares)
    admitted = applied * _reach(applied, _index("admission"), stages.candidates)
    return applied, admitted * _reach(admitted, _index("start"), stages.students)


def _reach(persons: Array, index: Array, reached: Counts) -> Array:
    """Probability to reach a stage: a logit whose intercept gives each stratum its count."""
    axes = tuple(range(1, persons.ndim))
    shape = (STRATA,) + (1,) * len(axes)
    low, high = np.full(shape, -WIDEST), np.full(shape, WIDEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        total = (persons * expit(middle + index)).sum(axis=axes)
        enough = (total >= reached).reshape(shape)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    chance: Array = expit((low + high) / 2 + index)
    return chance


def _gaps(name: str, counts: Expected) -> Iterator[Json]:
    """Raw and adjusted gaps of one outcome."""
    persons, successes = _by_pattern(counts.persons), _by_pattern(counts.successes)
    nobody = members(NON_UNDERSERVED) == 1
    for contrast, group, inside, outside in (
        (Contrast.ANY, ANY, UNDERSERVED, nobody),
        *((Contrast.MARGINAL, name, members(name) == 1, nobody) for name in NAMES),
        *(
            (Contrast.COMPLEMENT, name, members(name) == 1, FLAGS[:, i] == 0)
            for i, name in enumerate(NAMES)
        ),
    ):
        n, k = (np.stack([part[side].sum(axis=0) for side in (inside, outside)])
                for part in (persons, successes))  # fmt: skip
        both = (n > 0).all(axis=0)
        rates = k[:, both] / n[:, both]
        weights = n[:, both].sum(axis=0)
        raw = k.sum(axis=1) / n.sum(axis=1)
        yield {
            "outcome": name,
            "contrast": str(contrast),
            "group": group,
            "raw": round(float(raw[0] - raw[1]), 6),
            "adjusted": round(float(np.average(rates[0] - rates[1], weights=weights)), 6),
        }


def _by_pattern(counts: Array) -> Array:
    """Counts by stratum (rows) and pattern of the adjusters (columns)."""
    groups = np.array(COUNTRY_GROUPS)
    joined = [counts[:, groups == group].sum(axis=1) for group in dict.fromkeys(COUNTRY_GROUPS)]
    return np.stack(joined, axis=1).reshape(STRATA, -1)


def _strata(entry: Stages, exits: Stages) -> Iterator[Json]:
    for stratum, flags in enumerate(FLAGS):
        counts = {
            **{name: getattr(entry, name) for name in ("applicants", "candidates", "students")},
            "expected_to_graduate": exits.students,
            **{name: getattr(exits, name) for name in ("graduates", "respondents")},
            "placed_respondents": exits.placed_respondents,
            "placed": exits.placed,
        }
        row: Json = {name: int(values[stratum]) for name, values in counts.items()}
        graduates = exits.graduates[stratum]
        row["response_rate"] = (
            round(float(exits.respondents[stratum] / graduates), 4) if graduates else None
        )
        yield {
            "categories": {
                name: None if np.isnan(flag) else bool(flag)
                for name, flag in zip(NAMES, flags, strict=True)
            },
            **row,
        }


def _group(name: str, exits: Stages) -> Json:
    own = members(name)
    graduates, answered = exits.graduates @ own, exits.respondents @ own
    return {
        "response_rate": round(float(answered / graduates), 4),
        "placement_of_respondents": round(float(exits.placed_respondents @ own / answered), 4),
        "placement_of_graduates": round(float(exits.placed @ own / graduates), 4),
    }
