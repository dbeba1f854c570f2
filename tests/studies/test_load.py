"""Study files are found, read, and refused with the place of every fault."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.studies import Study, available_studies, load_study
from analysis.studies.load import study_file
from analysis.vocabulary import LANGUAGES

LoadChanged = Callable[..., Study]


def test_the_shipped_studies_load_under_their_own_names() -> None:
    assert "oulad" in available_studies()
    assert available_studies() == sorted(available_studies())
    for name in available_studies():
        assert load_study(name).name == name


@pytest.mark.parametrize("name", available_studies())
def test_a_shipped_study_says_everything_in_both_languages(name: str) -> None:
    study = load_study(name)
    named = [*study.outcomes.values(), *study.covariates.values()]
    labels = [part.label.label() for part in named]
    labels += [part.label() for part in (study.title, study.unit, study.population)]
    labels += [outcome.denominator.label() for outcome in study.outcomes.values()]
    labels += [part.label.label() for part in study.amounts.values()]
    labels += [part.denominator.label() for part in study.amounts.values() if part.denominator]
    labels += [study.category_label(category) for category in study.categories]
    for label in labels:
        assert list(label) == list(LANGUAGES)
        assert all(text.strip() for text in label.values()), label


def test_the_open_university_is_asked_what_the_issue_asks() -> None:
    study = load_study("oulad")
    assert study.outcomes["completed"].success == ("Pass", "Distinction")
    assert study.outcomes["completed"].failure == ("Fail", "Withdrawn")
    assert set(study.categories) == {"disability", "low_qualification", "underserved_area"}
    assert study.cluster == ("code_module", "code_presentation")
    assert list(study.cohort.groups if study.cohort else {}) == ["2013", "2014"]
    assert not study.synthetic
    # What defines a category never adjusts its gap, so it must be asked for.
    assert not {"education", "deprivation"} & set(study.default_adjusters())


@pytest.mark.parametrize("name", ["nope", "OULAD", "", "../oulad", "nope.yml", "no/such.yaml"])
def test_an_unknown_study_lists_those_there_are(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study(name)
    assert f"There is no study {name!r}" in str(caught.value)
    for known in available_studies():
        assert known in str(caught.value)


@pytest.mark.parametrize("suffix", [".yml", ".yaml"])
def test_a_study_of_ones_own_is_given_by_its_path(
    tmp_path: Path, toy_study_file: Path, toy_study: Study, suffix: str
) -> None:
    path = tmp_path / f"mine{suffix}"
    shutil.copy(toy_study_file, path)
    assert study_file(str(path)) == path
    assert load_study(str(path)) == toy_study


def test_a_relative_path_is_meant_from_here_or_from_the_repository(
    tmp_path: Path, toy_study_file: Path, toy_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    shutil.copy(toy_study_file, tmp_path / "mine.yml")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert load_study("mine.yml") == toy_study
    assert load_study("../mine.yml") == toy_study


def test_the_digest_changes_with_what_the_study_says(
    toy_study: Study, load_changed: LoadChanged
) -> None:
    assert load_changed().digest == toy_study.digest
    assert load_changed(("name: bootcamp", "name: bootcamp # a comment")).digest == toy_study.digest
    for change in (("[25, 35, 45]", "[25, 35]"), ("synthetic: true", "synthetic: false")):
        assert load_changed(change).digest != toy_study.digest


# Each fault: what stands in the file, what is put there, the words that the message must have.
FAULTS = {
    "a name that is no name": ("name: bootcamp", "name: boot-camp", ["name:", "pattern"]),
    "an unknown key": ("rows: learners", "rows: learners\ncolour: red", ["colour"]),
    "an unknown key deep down": (
        "months: {type",
        "months: {unit: x, type",
        ["tables.paths.columns.months.unit"],
    ),
    "a missing part": ("rows: learners\n", "", ["rows", "required"]),
    "a missing language": (
        "{en: gender, fr: sexe}",
        "{en: gender}",
        ["adjusters.gender.label.fr", "required"],
    ),
    "a language too many": ("{en: gender, fr", "{en: gender, de: x, fr", ["gender.label.de"]),
    "an empty label": ("fr: sexe}", "fr: ''}", ["adjusters.gender.label.fr"]),
    "a missing label": (
        "  carer:\n    label: {en: Carers, fr: Aidants}\n",
        "  carer:\n",
        ["categories.carer.label", "vocabulary"],
    ),
    "a wrong type of column": ("{type: integer, min", "{type: int, min", ["months.type", "text"]),
    "a wrong switch": ("synthetic: true", "synthetic: perhaps", ["synthetic", "boolean"]),
    "a cut that is no number": ("[25, 35, 45]", "[young]", ["adjusters.age_band.cuts.0"]),
    "cuts that do not rise": ("[25, 35, 45]", "[45, 25]", ["age_band", "cuts"]),
    "cuts that repeat": ("[25, 35, 45]", "[25, 25]", ["age_band", "cuts"]),
    "cuts of texts": (
        "from: gender}",
        "from: gender, cuts: [1, 2]}",
        ["adjusters.gender", "gender"],
    ),
    "a table of rows that is none": (
        "rows: learners",
        "rows: learner",
        ["rows", "'learner'", "paths, learners"],
    ),
    "a key that is no column": ("[learner]", "[id]", ["tables.learners.key", "'id'"]),
    "an empty key": ("[learner]", "[]", ["tables.learners.key"]),
    "a reference to no table": (
        "      paths: [path]",
        "      courses: [path]",
        ["tables.learners.references", "'courses'"],
    ),
    "a reference that is not the key": (
        "      paths: [path]",
        "      paths: [country]",
        ["tables.learners.references.paths", "key"],
    ),
    "a reference by a column that is not there": (
        "      path: {}\n      site",
        "      track: {}\n      site",
        ["tables.learners.references.paths", "path"],
    ),
    "an unknown person": ("person: learner", "person: id", ["person", "'id'", "learner"]),
    "an unknown cluster": ("cluster: [site]", "cluster: [place]", ["cluster", "'place'"]),
    "an unknown column of the cohort": ("from: year", "from: start", ["cohort.from", "'start'"]),
    "an unknown value of a cohort": (
        '"2022": [2022]',
        '"2022": [2023]',
        ["cohort.groups.2022", "2023"],
    ),
    "an unknown column of an outcome": (
        "from: result",
        "from: results",
        ["outcomes.graduated.from", "'results'"],
    ),
    "an unknown value of an outcome": (
        "failure: [left]",
        "failure: [left, expelled]",
        ["outcomes.graduated", "result", "expelled"],
    ),
    "a value that is success and failure": (
        "failure: [left]",
        "failure: [left, graduated]",
        ["outcomes.graduated", "graduated"],
    ),
    "an unknown column of among": (
        "{result: [graduated]}",
        "{end: [graduated]}",
        ["outcomes.placed.among", "'end'"],
    ),
    "an unknown value of among": (
        "{result: [graduated]}",
        "{result: [passed]}",
        ["outcomes.placed.among", "passed"],
    ),
    "an unknown column of a category": (
        "from: status",
        "from: state",
        ["categories.job_seeker.from", "'state'"],
    ),
    "an unknown value of a category": (
        "in: [seeking]",
        "in: [searching]",
        ["categories.job_seeker", "status", "searching"],
    ),
    "a value that is in and out": (
        "out: [employed]",
        "out: [employed, seeking]",
        ["categories.job_seeker", "seeking"],
    ),
    "an unknown column of an adjuster": (
        "from: gender}",
        "from: sex}",
        ["adjusters.gender.from", "'sex'"],
    ),
    "an unknown column of a mediator": (
        "from: funding}",
        "from: money}",
        ["mediators.funding.from", "'money'"],
    ),
    "a name used twice": (
        "  funding: {label",
        "  gender: {label",
        ["gender", "twice"],
    ),
    "a name that stands twice in the file": (
        "  country: {label",
        "  gender: {label",
        ["gender"],
    ),
    "a reserved name": ("  gender: {label", "  cohort: {label", ["cohort", "taken"]),
    "a category with the name of a group": (
        "  carer:\n    label",
        "  non_underserved:\n    label",
        ["non_underserved", "taken"],
    ),
    "a repair by a value that is none": ("{Female: F}", "{Female: W}", ["gender", "W"]),
    "a missing value that is one": ("[not stated]", "[seeking]", ["status", "seeking"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place(load_changed: LoadChanged, fault: str) -> None:
    old, new, words = FAULTS[fault]
    with pytest.raises(InputError) as caught:
        load_changed((old, new))
    message = str(caught.value)
    assert "changed.yml" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("part", ["outcomes", "categories"])
def test_a_study_asks_for_something(
    load_changed: LoadChanged, toy_study_text: str, part: str
) -> None:
    start = toy_study_text.index(f"{part}:\n")
    whole = toy_study_text[start:].split("\n\n")[0]
    with pytest.raises(InputError, match=part):
        load_changed((whole, f"{part}: {{}}"))


def test_all_faults_are_told_at_once(load_changed: LoadChanged) -> None:
    with pytest.raises(InputError) as caught:
        load_changed(("person: learner", "person: id"), ("from: gender}", "from: sex}"))
    assert "'id'" in str(caught.value)
    assert "'sex'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [bootcamp\n", "not readable as YAML"),
        ("just words\n", "must map names to values"),
        ("", "title: Field required"),
    ],
)
def test_what_is_no_study_at_all_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "broken.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_study(str(path))
    assert str(path) in str(caught.value)


# The Norway problem and its kin: YAML would read each as something that no file of data holds.
TRAPS = ("no", "NO", "off", "y", "007", "1e3", "20-10", "2021-01-01", "1:30", "0x1f", "1_000")


def test_values_stay_what_the_data_hold(load_changed: LoadChanged) -> None:
    study = load_changed(
        ("country: {values: [FR, UK, US]}", f"country: {{values: [{', '.join(TRAPS)}]}}"),
        ("{values: [none, bac, degree]}", "{values: [007, 20-10, none, bac, degree]}"),
        ("in: [none, bac]", "in: [none, bac, 007, 20-10]"),
        ('groups: {"2021": [2021]', "groups: {2021: [2021]"),
    )
    assert study.columns["country"].values == TRAPS
    assert study.columns["carer"].values == ("yes", "no")
    assert study.categories["low_qualification"].known_in[-2:] == ("007", "20-10")
    assert study.categories["carer"].known_in == ("yes",)
    assert study.outcomes["placed"].failure == ("no",)
    assert study.cohort is not None
    assert set(study.cohort.groups) == {"2021", "2022"}


def test_null_is_no_value(load_changed: LoadChanged) -> None:
    with pytest.raises(InputError, match=r"tables\.learners\.columns\.education\.values\.0"):
        load_changed(("{values: [none, bac, degree]}", "{values: [null, none, bac, degree]}"))


# ---- What the provider's study needs ------------------------------------------------------------

AFTER = "    from: salary_after\n    among: "


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  default: \"2022\"", "  default: \"1999\"", "cohort.default: no cohort '1999'"),
        ("    \"2020\": [\"2020\"]", "    all: [\"2020\"]", "cohort.groups.all: the name is taken"),
        ("outcome: third_party_funded", "outcome: nope", "described.outcome: no outcome 'nope'"),
        ("{orientation_rate: oriented", "{orientation_rate: nope", "no outcome 'nope'"),
        ("cohort_from: started_year", "cohort_from: nope", "no column 'nope'"),
        ("months: months_followed", "months: nope", "durations.placed.months: no column 'nope'"),
        ("months: months_followed", "months: path", "'path' must be integer, with minimum 0"),
        ("{type: integer, minimum: 0}", "{type: integer}", "must be integer, with minimum 0"),
        ("    from: placed\n", "    from: nope\n", "durations.placed.from: no column 'nope'"),
        ("durations:\n  placed:", "durations:\n  placed_6:", "placed_6: the name is used twice"),
        ("amounts:\n  salary_before:", "amounts:\n  placed_6:", "placed_6: the name is used twice"),
        ("    from: salary_gain\n", "    from: nope\n", "salary_gain.from: no column 'nope'"),
        ("    from: salary_gain\n", "    from: path\n", "from: 'path' is text, not numbers"),
        (f"{AFTER}{{placed_6: [true]}}", f"{AFTER}{{nope: [true]}}", "among: no column 'nope'"),
        (f"{AFTER}{{placed_6: [true]}}", f"{AFTER}{{placed_6: [often]}}", "has no value often"),
        ("      refugee:\n", "      nope:\n", "variants.statutory_refugees.categories: no cat"),
        ("in: [refugee, subsidiary_protection]", "in: [nobody]", "has no value nobody"),
        ("        in: [qpv, zrr,", "        in: [none, qpv,", "none stands on both sides"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = study_file("openclassrooms").read_text("utf-8")
    assert text.count(old) == 1, old
    path = tmp_path / "changed.yml"
    path.write_text(text.replace(old, new).replace("name: openclassrooms", "name: mine"), "utf-8")
    with pytest.raises(InputError) as caught:
        load_study(str(path))
    assert words in str(caught.value)


def test_a_variant_changes_name_title_and_category_only(tmp_path: Path) -> None:
    plain, other = load_study("openclassrooms"), load_study("openclassrooms+zrr")
    assert other.name == "openclassrooms+zrr"
    assert other.digest != plain.digest
    assert "ZRR" in other.title.fr
    changed = {
        name for name in plain.categories if plain.categories[name] != other.categories[name]
    }
    assert changed == {"underserved_area"}
    copy = tmp_path / "mine+yours.d" / "mine.yml"
    copy.parent.mkdir()
    text = study_file("openclassrooms").read_text("utf-8")
    copy.write_text(text.replace("name: openclassrooms", "name: mine"), "utf-8")
    assert load_study(str(copy)).name == "mine"
    assert load_study(f"{copy}+zrr").name == "mine+zrr"


def test_a_source_is_said_in_french_where_it_is_no_name() -> None:
    told = load_study("openclassrooms").provenance
    assert told.said("licence", "fr") == told.fr["licence"] != told.said("licence", "en")
    assert told.said("licence", "en") == told.licence
    cited = load_study("oulad").provenance
    assert cited.said("citation", "fr") == cited.citation
