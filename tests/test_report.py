"""The report: what it says, what it never says, how large it is, and that it stands alone."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

import mintmark
from mintmark.assess.assessment import Assessment
from mintmark.assess.report._figures import between, figure, percent
from mintmark.assess.report.html import fragment, html
from mintmark.assess.report.text import text
from mintmark.metric import Score

ADULT = Path(mintmark.__file__).parent / "examples" / "adult.parquet"
HOSTILE = "<script>alert('x')</script> & \"quoted\""
VOID = {"meta", "br", "link", "img", "input", "hr", "rect", "path", "circle"}


def _score(metric, family, estimate, interval, ceiling, floor, direction="higher", **more):
    return Score(
        metric=metric,
        family=family,
        estimate=estimate,
        interval=interval,
        ceiling=ceiling,
        floor=floor,
        direction=direction,
        n=9768,
        variance="bootstrap of synthetic and holdout rows",
        convention="share of rows, 0 to 1.",
        source="A paper, equation 1",
        **more,
    )


SCORES = (
    _score("column_shapes", "fidelity", 0.9874, (0.9861, 0.9886), 0.9911, 0.9903),
    _score("pair_trends", "fidelity", 0.9712, (0.969, 0.9733), 0.981, 0.884),
    _score("missingness", "fidelity", 0.997, (0.995, 0.998), 0.998, 0.985),
    _score("two_sample", "fidelity", 0.5523, (0.544, 0.561), 0.5, 0.981, "lower"),
    _score("tstr", "utility", 0.921, (0.915, 0.927), 0.9275, 0.5),
    _score("tstr.gap", "utility", 0.0065, (0.001, 0.012), 0.0, 0.43, "lower"),
    Score(metric="tstr.trts", family="utility", status="not run", reason="no target. Name one."),
    _score("copies.exact", "privacy", 0.0011, (0.0005, 0.0019), 0.0013, 1.0, "lower"),
    _score(
        "membership.auc",
        "privacy",
        0.502,
        (0.494, 0.511),
        0.5,
        1.0,
        "lower",
        details={"private": {"rows": [7]}},
    ),
    Score(
        metric="membership.tpr",
        family="privacy",
        direction="lower",
        status="not run",
        reason="no holdout was given. Keep real rows apart before fitting and pass them.",
    ),
    _score("my_own_metric", "privacy", 12345.678, None, None, None),
)
VERDICTS = (
    SimpleNamespace(
        family="fidelity",
        metric="two_sample",
        outcome="pass",
        threshold="upper bound at most 0.7",
        reason="rows resemble real ones",
    ),
    SimpleNamespace(
        family="utility",
        metric="tstr.gap",
        outcome="pass",
        threshold="upper bound at most 0.05",
        reason="models carry over",
    ),
    SimpleNamespace(
        family="privacy",
        metric="membership.auc",
        outcome="pass",
        threshold="upper bound at most 0.55",
        reason="the attack may hardly beat guessing",
    ),
    SimpleNamespace(
        family="privacy",
        metric="membership.tpr",
        outcome="not run",
        threshold="at most 0.02",
        reason="Needs a holdout: pass one to assess.",
    ),
)


def _picture(real, made):
    """Shares of two samples of one column, binned as the assessment bins them."""
    known, fresh = [v for v in real if v is not None], [v for v in made if v is not None]
    missing = {"train": 1 - len(known) / len(real), "holdout": 0.0, "synthetic": 1 - len(fresh) / len(made)}
    if isinstance(known[0], str):
        labels = sorted(set(known))
        shares = [[list(part).count(v) / len(part) for v in labels] for part in (known, fresh)]
        kind = "category"
    else:
        edges = np.histogram_bin_edges(known, 24)
        labels = [f"{a:,.0f} – {b:,.0f}" for a, b in itertools.pairwise(edges)]
        shares = [(np.histogram(part, edges)[0] / len(part)).tolist() for part in (known, fresh)]
        kind = "integer"
    return {
        "kind": kind,
        "labels": labels,
        "train": shares[0],
        "holdout": None,
        "synthetic": shares[1],
        "missing": missing,
    }


def _density(points):
    counts, x, y = np.histogram2d(points[:, 0], points[:, 1], bins=24, range=[[-4, 4], [-4, 4]])
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "share": np.where(counts < 10, 0, counts / len(points)).tolist(),
    }


@pytest.fixture(scope="module")
def assessment():
    """Two halves of Adult, one of them in the place of synthetic rows."""
    table = pq.read_table(ADULT)
    real, made = table.slice(0, 6000), table.slice(20000, 6000)
    names = table.column_names
    rng = np.random.default_rng(0)
    codes = [np.unique([str(v) for v in real[name].to_pylist()], return_inverse=True)[1] for name in names]
    association = np.corrcoef(codes)
    noise = rng.normal(0, 0.03, association.shape)
    cloud, fpr = rng.normal(size=(6000, 2)), np.linspace(0, 1, 41)
    a, b = _density(cloud), _density(cloud * [1.1, 0.9])
    edges = np.linspace(0, 3, 31)
    return Assessment(
        SCORES,
        tables={
            "rows": {"train": 39074, "holdout": 9768, "synthetic": 9768},
            "target": "income",
            "schema": {
                "columns": [{"name": name, "unit": "years" if name == "age" else None} for name in names]
            },
            "differences": ["Category 'Holand-Netherlands' of column 'native-country' does not occur."],
            "columns": {name: _picture(real[name].to_pylist(), made[name].to_pylist()) for name in names},
            "correlations": {
                "names": names,
                "train": association.tolist(),
                "synthetic": (association + (noise + noise.T) / 2).clip(-1, 1).tolist(),
            },
            "projection": {
                "x_edges": a["x"],
                "y_edges": a["y"],
                "train": a["share"],
                "synthetic": b["share"],
            },
            "nearest": {
                "edges": edges.tolist(),
                "synthetic_to_train": (np.histogram(rng.gamma(4, 0.2, 9000), edges)[0] / 9000).tolist(),
                "holdout_to_train": (np.histogram(rng.gamma(4, 0.21, 9000), edges)[0] / 9000).tolist(),
            },
            "utility": {
                "curve": {"fpr": fpr.tolist(), "tstr": (fpr**0.19).tolist(), "trtr": (fpr**0.18).tolist()}
            },
        },
        policy={"name": "internal", "digest": "sha256:" + "ab" * 32, "text": POLICY},
        provenance={
            "nature": "fully synthetic",
            "method": "sequential_trees",
            "method_version": 1,
            "drawn": 10240,
            "rejected": {"in_schema": 41, "unique": 3},
            "parameters": {"min_leaf": 30},
            "fitted_rows": 39074,
        },
        sha256="cd" * 32,
        seed=0,
        versions={"mintmark": "0.1.0", "numpy": "2.4.0"},
    )


POLICY = """
name: internal
purpose: for this test
rules: [{id: apart, family: fidelity, metric: two_sample, at_most: 0.5, because: they should look alike}]
"""


class _Balance(HTMLParser):
    """Collects tags, and fails where one closes that was not open."""

    optional = frozenset({"td", "th"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID | self.optional:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.optional:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(page):
    reader = _Balance()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_a_page_of_fifteen_columns_is_small_and_well_formed(assessment):
    page = html(assessment, VERDICTS)
    parsed(page)
    assert len(page.encode()) < 500_000


def test_a_page_of_a_hundred_columns_and_thirty_associations_is_under_two_megabytes(assessment):
    one = assessment.tables["columns"]["age"] | {"labels": [f"{i},000 to {i + 1},000" for i in range(30)]}
    one |= {key: [1 / 30] * 30 for key in ("train", "holdout", "synthetic")}
    names = [f"column number {i}" for i in range(30)]
    wide = np.random.default_rng(0).uniform(-1, 1, (30, 30)).tolist()
    tables = assessment.tables | {
        "columns": {f"column number {i}": one for i in range(100)},
        "correlations": {"names": names, "train": wide, "synthetic": wide[::-1]},
    }
    page = html(dataclasses.replace(assessment, tables=tables), VERDICTS)
    parsed(page)
    assert len(page.encode()) < 2_000_000
    assert page.count("<figcaption><h3><bdi>column number") == 100


def test_the_page_stands_alone_without_script_or_network(assessment):
    tags = parsed(html(assessment, VERDICTS)).seen
    names = {tag for tag, _ in tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for _, attributes in tags:
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
        assert "src" not in attributes
    assert "url(" not in html(assessment)
    assert "@import" not in html(assessment)


def test_every_link_leads_to_a_place_on_the_page_and_every_picture_is_described(assessment):
    tags = parsed(html(assessment, VERDICTS)).seen
    places = {attributes["id"] for _, attributes in tags if "id" in attributes}
    assert {a["href"][1:] for tag, a in tags if tag == "a"} <= places
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) >= 15 + 3 + 2 + 1 + 1
    assert all(a["role"] == "img" and len(a["aria-label"]) > 15 for a in pictures)
    assert sum(tag == "desc" for tag, _ in tags) == len(pictures)


def test_headings_go_down_one_level_at_a_time(assessment):
    levels = [
        int(tag[1]) for tag, _ in parsed(html(assessment, VERDICTS)).seen if re.fullmatch("h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_verdict_comes_first_and_only_pass_passes(assessment):
    page = html(assessment, VERDICTS)
    assert "Not all rules of the policy “internal” could be run" in page
    assert (
        page.index("<h1")
        < page.index('id="rules"')
        < page.index('id="fidelity"')
        < page.index('id="columns"')
    )
    assert "Needs a holdout: pass one to assess." in page
    assert "Passes the policy" in html(assessment, VERDICTS[:3])
    failing = [
        *VERDICTS,
        SimpleNamespace(family="privacy", metric="copies.exact", outcome="fail", threshold="0", reason=""),
    ]
    page = html(assessment, failing)
    assert "Fails the policy" in page
    asked = page[page.index('id="rules"') : page.index('id="fidelity"')]
    assert asked.index("Exact copies") < asked.index("surest guesses") < asked.index("Told apart")


def _verdict(metric, outcome, family="privacy", reason="1 is above 0.1."):
    return SimpleNamespace(family=family, metric=metric, outcome=outcome, threshold="", reason=reason)


def _opening(page):
    return re.sub(r"\s+", " ", page[page.index("<header>") : page.index("</header>")])


def test_the_opening_says_yes_or_no_and_the_three_gravest_reasons_with_what_to_do(assessment):
    failing = [
        _verdict("column_shapes", "fail", "fidelity"),
        _verdict("membership.tpr", "not run", reason="no holdout was given. Keep rows apart."),
        _verdict("copies.excess", "fail"),
        _verdict("copies.exact", "fail"),  # the same again
        _verdict("tstr.gap", "inconclusive", "utility"),
        _verdict("two_sample", "pass", "fidelity"),
    ]
    opening = _opening(html(assessment, failing))
    assert '<span class="answer">No.</span> Fails the policy' in opening
    told = [opening.index(name) for name in ("Exact copies beyond", "Single columns", "Lost by training")]
    assert told == sorted(told)
    assert opening.count("<li><div><span") == 3
    assert opening.count("To mend it:") == 2  # what is in doubt says itself what would narrow it
    assert "memorise less" in opening
    assert "2 more did not pass" in opening
    assert "Told apart" not in opening
    assert '<span class="answer">Yes.</span>' in _opening(html(assessment, VERDICTS[:3]))
    doubt = _opening(html(assessment, [_verdict("membership.tpr", "not run", reason="Keep rows apart.")]))
    assert "Not yet." in doubt
    assert "Keep rows apart." in doubt
    lines = text(assessment, failing).splitlines()
    assert lines[0].startswith("No. Fails")
    assert "Exact copies beyond chance" in lines[3]


def test_figures_that_no_rule_asks_for_are_folded_and_none_is_lost(assessment):
    more = [_score(f"other_{i}.part", "privacy", 0.1, (0.0, 0.2), 0.0, 1.0, "lower") for i in range(30)]
    page = html(dataclasses.replace(assessment, scores=(*SCORES, *more)), [_verdict("other_7.part", "pass")])
    privacy = page[page.index('<section id="privacy"') : page.index('<section id="columns"')]
    folded = privacy.index('<details class="more">')
    assert privacy.index("other 7, part") < folded
    assert privacy.index("Membership attack<") < folded
    assert all(f"other {i}, part</h3>" in privacy[folded:] for i in range(30) if i != 7)
    assert len(page.encode()) < 500_000


def test_how_often_the_same_data_was_assessed_stands_in_the_opening(assessment):
    nth = {n: _opening(html(dataclasses.replace(assessment, repeated=n))) for n in (1, 2, 11, 23, 112)}
    assert "assessment of the same" not in nth[1]
    for n, said in ((2, "2nd"), (11, "11th"), (23, "23rd"), (112, "112th")):
        assert f"{said} assessment of the same real data" in nth[n]
        assert f"best of {n}" in nth[n]
    assert "not counted" in _opening(html(assessment))


def test_a_rule_says_why_the_policy_has_it(assessment):
    rule = SimpleNamespace(
        **vars(VERDICTS[0]) | {"because": "people rely on it.", "threshold": "two_sample: at most 0.7"}
    )
    asked = html(assessment, [rule])
    assert "Because people rely on it." in asked
    assert "two_sample: at most" not in asked


def test_a_policy_without_a_rule_for_a_family_says_so(assessment):
    page = html(assessment, [v for v in VERDICTS if v.family != "privacy"])
    assert "Passes the policy “internal”, without privacy test" in page
    assert "without privacy test" in text(assessment, VERDICTS[:2])


def test_without_verdicts_nothing_is_judged(assessment):
    page = html(assessment)
    assert ">Not judged yet</h1>" in page
    assert 'id="rules"' not in page


def test_a_score_that_was_not_run_shows_reason_and_remedy(assessment):
    for shown in (html(assessment), " ".join(text(assessment).split())):
        assert "Keep real rows apart before fitting and pass them." in shown


def test_scores_are_told_in_words(assessment):
    page = html(assessment)
    assert "a strong classifier told which is which 55.2\u00a0% of the time" in page
    assert "about the people in train and holdout; these attacks only; not a finding of anonymity" in page
    assert "A report over real data is not itself private: share it inside only" in page
    assert "12,346" in page  # an unknown metric reads by its record
    assert "my own metric" in page


def test_private_details_stay_out(assessment):
    secret = dataclasses.replace(SCORES[0], details={"private": {"who": "row-4711"}})
    shown = dataclasses.replace(assessment, scores=(secret,))
    assert "row-4711" not in html(shown) + text(shown) + fragment(shown)


def test_hostile_and_foreign_names_are_only_text(assessment):
    column = {
        "kind": "category",
        "labels": [HOSTILE, "日本語", "عربى"],
        "train": [0.5, 0.3, 0.2],
        "synthetic": [0.4, 0.4, 0.2],
    }
    tables = {
        "columns": {HOSTILE: column, "größe": column},
        "correlations": {
            "names": [HOSTILE, "größe"],
            "train": [[1, 0.5], [0.5, 1]],
            "synthetic": [[1, -0.5], [-0.5, 1]],
        },
        "differences": [HOSTILE],
        "target": HOSTILE,
        "schema": {"columns": [{"name": "größe", "unit": HOSTILE}]},
    }
    scores = (Score(metric=HOSTILE, family="fidelity", estimate=0.5, convention=HOSTILE, source=HOSTILE),)
    provenance = {"nature": HOSTILE, "rejected": {HOSTILE: 3}, "parameters": {"a": HOSTILE}}
    hostile = Assessment(
        scores, tables, {"name": HOSTILE, "digest": "", "text": HOSTILE}, provenance, versions={"x": HOSTILE}
    )
    verdict = SimpleNamespace(
        family="fidelity", metric=HOSTILE, outcome="fail", threshold=HOSTILE, reason=HOSTILE
    )
    page = html(hostile, [verdict])
    assert "<script" not in page
    seen = parsed(page)
    assert "日本語" in page
    assert HOSTILE in "".join(seen.words)
    assert parsed(fragment(hostile, [verdict])).seen[0][0] == "iframe"


def test_the_page_stands_with_any_table_absent(assessment):
    for absent in assessment.tables:
        tables = {key: value for key, value in assessment.tables.items() if key != absent}
        parsed(html(dataclasses.replace(assessment, tables=tables), VERDICTS))
        parsed(html(dataclasses.replace(assessment, tables=assessment.tables | {absent: None}), VERDICTS))


def test_the_page_stands_with_no_scores_at_all():
    empty = Assessment(())
    parsed(html(empty))
    assert "The policy holds no rule" in html(empty, [])
    assert "No scores." in text(empty)


def test_the_page_of_a_report_read_back_is_the_same(assessment):
    again = Assessment.from_json(json.loads(assessment.dumps()))
    assert html(again, VERDICTS) == html(assessment, VERDICTS)


def test_degenerate_figures_draw_without_infinities():
    odd = [
        Score(metric="a", family="fidelity", estimate=0.0, floor=0.0, ceiling=0.0, interval=(0.0, 0.0)),
        Score(metric="b", family="utility", estimate=-3.0, interval=(-5.0, 2.0), direction="lower"),
        Score(metric="c", family="privacy", estimate=1e9, floor=1.0),
        Score(metric="d", family="privacy", estimate=0.5, floor=1.0, ceiling=None),
    ]
    column = {
        "kind": "integer",
        "labels": ["1"],
        "train": [0.0],
        "synthetic": [0.0],
        "missing": {"train": 1.0},
    }
    none = {"kind": "number", "labels": [], "train": [], "holdout": None, "synthetic": [], "missing": {}}
    tables = {
        "columns": {"all missing": column, "empty": none},
        "nearest": {"edges": [0, 1], "synthetic_to_train": [1.0]},
    }
    page = html(Assessment(tuple(odd), tables))
    parsed(page)
    assert not re.search(r'(?:d|x|y|cx|width)="[^"]*(?:nan|inf)', page)


def test_better_is_always_to_the_right():
    def place(score):
        page = html(Assessment((score,)))
        return float(re.search(r'class="dot" cx="([\d.]+)"', page)[1])

    near = place(_score("x", "privacy", 0.1, None, 0.0, 1.0, "lower"))
    far = place(_score("x", "privacy", 0.9, None, 0.0, 1.0, "lower"))
    assert near > 170 > far
    assert place(_score("x", "fidelity", 0.9, None, 1.0, 0.0)) == pytest.approx(near)


def test_text_holds_in_a_terminal_and_drops_control_characters(assessment):
    shown = text(assessment, VERDICTS)
    assert max(map(len, shown.splitlines())) <= 100
    assert shown.startswith("Not yet. Not all rules")
    evil = Score(metric="x\x1b[2J", family="privacy", status="not run", reason="a\x1b[31mb")
    assert "\x1b" not in text(Assessment((evil,)))


def test_the_opening_in_a_terminal_gives_the_rules_reason_besides_what_the_figure_says(assessment):
    doubt = SimpleNamespace(
        family="utility", metric="tstr.gap", outcome="inconclusive", threshold="at most 0.005",
        reason="1 of 3 columns: age and sex: 0.001 to 0.012 lies on both sides of 0.005.",
    )  # fmt: skip
    opening = text(assessment, [doubt]).partition("Fidelity")[0]
    assert "? inconclusive: Lost by training on synthetic: Training on synthetic" in opening
    assert "age and sex: 0.001 to 0.012 lies on both sides of 0.005." in opening
    long = "word " * 60
    shown = text(
        dataclasses.replace(assessment, repeated=3), [SimpleNamespace(**{**vars(doubt), "reason": long})]
    )
    assert max(map(len, shown.splitlines())) <= 100


def test_notebooks_get_the_overview_in_a_frame(assessment):
    cell = assessment._repr_html_()
    assert cell.startswith("<iframe")
    assert cell.count("<style") == 0  # escaped inside the frame: nothing leaks
    assert len(cell) < 100_000


def test_an_assessment_with_a_policy_shows_its_verdict_and_one_without_none(assessment):
    assert str(assessment).startswith("No. Fails the policy “internal”")
    assert "Fails the policy “internal”" in assessment._repr_html_()
    assert [verdict.outcome for verdict in assessment.verdicts()] == ["fail"]
    for policy in (None, {"name": "internal", "digest": "ab"}):  # the second as a public report has it
        plain = dataclasses.replace(assessment, policy=policy)
        assert plain.verdicts() is None
        assert str(plain).startswith("Not judged")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.98765, "0.988"),
        (0.99963, "0.9996"),
        (0.999999, ">0.9999"),
        (1, "1.00"),
        (0, "0"),
        (12.345, "12.3"),
        (123.4, "123"),
        (12345.6, "12,346"),
        (None, "–"),
        (float("nan"), "–"),
        (-0.5, "−0.500"),
        (1e-6, "<0.0001"),
        (0.00123, "0.00123"),
        (999.7, "1,000"),
        (True, "–"),
    ],
)
def test_figures_have_three_significant_digits(value, shown):
    assert figure(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.5234, "52.3 %"),
        (1, "100 %"),
        (0.99996, ">99.9 %"),
        (0, "0 %"),
        (0.0013, "0.13 %"),
        (1e-6, "<0.01 %"),
        (None, "–"),
    ],
)
def test_shares_never_round_to_all_or_nothing(share, shown):
    assert percent(share).replace("\u00a0", " ") == shown


def test_intervals_read_as_ranges():
    assert between((0.91, 0.934)) == "0.910 to 0.934"
    assert between(None) == "–"


def test_pale_and_dark_text_colours_have_enough_contrast(assessment):
    """Contrast ratio of WCAG 2.2, 1.4.3: at least 4.5 for every text colour on its ground."""
    style = re.search(r"<style>(.*?)</style>", html(assessment), re.DOTALL)[1]
    blocks = re.findall(r":root\{(.*?)[;}]\n?(?:\}|--sans)", style, re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks[:2]:
        ink = dict(re.findall(r"--([\w-]+):(#\w+)", block))
        for colour, ground in [
            ("ink", "paper"),
            ("soft", "paper"),
            ("soft", "ground"),
            ("mint", "paper"),
            ("good", "good-bg"),
            ("bad", "bad-bg"),
            ("doubt", "doubt-bg"),
            ("idle", "idle-bg"),
            ("good", "paper"),
            ("bad", "paper"),
            ("doubt", "paper"),
        ]:
            assert _contrast(ink[colour], ink[ground]) >= 4.5, (colour, ground)


def _contrast(a, b):
    def light(colour):
        colour = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(a), light(b)))
    return (high + 0.05) / (low + 0.05)
