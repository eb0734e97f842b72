"""Sheets of pictures: in the page for the inside, and in nothing that may be published."""

from __future__ import annotations

import base64
import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

import mintmark as mm
from mintmark.assess.assessment import Assessment
from mintmark.assess.report.html import fragment, html
from mintmark.release.policy import Policy
from mintmark.release.public_report import public_report


@pytest.fixture(scope="module")
def assessed():
    """Two classes; the third synthetic picture is one of train's, the class `<b>` has three of them."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (300, 12, 10, 3), np.uint8)
    labels = np.where(np.arange(100) % 2, "<b>", "plain")
    x[202] = x[50]
    made = np.where(np.arange(100) < 6, labels, "plain")
    train, holdout, synthetic = (
        mm.read({"image": x[k : k + 100], "label": y.tolist()}, target="label")
        for k, y in ((0, labels), (100, labels), (200, made))
    )
    found = mm.assess(
        train=train, holdout=holdout, synthetic=synthetic, metrics=["image_copies", "image_sharpness"]
    )
    return found, x


def sprite(png):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def cell(sheet, row, column):
    """One picture of a sheet of squares of 14: 12 high, 10 wide, round them what is clear."""
    square = sheet[row * 14 : row * 14 + 14, column * 14 : column * 14 + 14]
    assert not square[0].any()
    assert not square[:, :2].any()
    return square[1:13, 2:12, :3]


def test_grids_hold_pictures_of_each_class_and_clear_cells_where_there_are_no_more(assessed):
    found, x = assessed
    (one,) = found.tables["images"]
    assert (one["column"], one["labels"], one["across"]) == ("image", ["<b>", "plain"], 8)
    real, made = sprite(one["real"]), sprite(one["synthetic"])
    assert real.shape == made.shape == (2 * 14, 8 * 14, 4)
    for row, parity in ((0, 1), (1, 0)):
        shown = [cell(real, row, column) for column in range(8)]
        assert all(any(np.array_equal(one, other) for other in x[parity:100:2]) for one in shown)
    assert np.array_equal(cell(made, 0, 0), x[201])
    assert not made[:14, 3 * 14 :].any()


def test_the_nearest_pair_is_the_copy(assessed):
    found, x = assessed
    pairs = found.tables["images"][0]["pairs"]
    sheet = sprite(pairs["picture"])
    np.testing.assert_array_equal(cell(sheet, 0, 0), x[202])
    np.testing.assert_array_equal(cell(sheet, 1, 0), x[50])
    assert pairs["distances"][0] < 0.01 < pairs["distances"][1]
    assert pairs["copies"] == [True] + [False] * 9


def test_the_page_for_the_inside_shows_them_and_says_so(assessed):
    text = html(assessed[0])
    assert text.count("data:image/png;base64,") == 3
    assert "img-src data:" in text
    assert "this page must not leave" in text
    assert "&lt;b&gt;</text>" in text
    assert 'href="#sheets"' in text
    again = Assessment.from_json(json.loads(assessed[0].dumps()))
    assert html(again) == text
    assert "data:image" not in fragment(assessed[0])


def test_nothing_that_may_be_published_holds_a_picture(assessed):
    found = assessed[0]
    public = public_report(found)
    assert "images" not in public["tables"]
    pictures = [found.tables["images"][0][which] for which in ("real", "synthetic")]
    assert not any(picture[:60] in json.dumps(public) for picture in pictures)
    # whatever a record holds that claims to be public, its page shows none
    for record in (Assessment.from_json(public), found):
        text = html(record, public=True)
        assert "data:" not in text
        assert "this page must not leave" not in text


def test_verdicts_on_what_was_published_are_those_on_the_private_record(assessed):
    policy = Policy.load("internal")
    private, public = (
        [(v.rule, v.outcome, v.bounds) for v in policy.judge(record, nature="fully synthetic")]
        for record in (assessed[0].to_json(), public_report(assessed[0]))
    )
    assert private == public
    assert ("pictures-are-as-sharp", "pass") in [verdict[:2] for verdict in public]


def test_a_record_cannot_bring_mark_up_into_the_page(assessed):
    found = assessed[0]
    evil = dict(found.tables["images"][0], real='"/><script>x</script>', labels=["<script>", "b"])
    text = html(dataclasses.replace(found, tables={**found.tables, "images": [evil]}))
    assert "<script" not in text
    assert text.count("data:image/png;base64,") == 2
    for odd in (None, 3, [], [7], [{}], [{"across": 2, "pairs": 5}]):
        assert "<h1" in html(dataclasses.replace(found, tables={**found.tables, "images": odd}))


def test_pictures_that_no_metric_looked_at_are_not_shown(assessed):
    train = mm.read({"image": assessed[1][:100], "label": ["a", "b"] * 50})
    assert "images" not in mm.assess(train=train, synthetic=train, metrics=["rules"]).tables
