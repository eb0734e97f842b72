"""`mintmark report`: one page for the inside, one to publish, which says so and holds nothing private."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.cli.main import main


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An assessment of rows that hold one odd person, its release under waiver, and its refusal."""
    place = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    for name in ("real", "held", "synthetic"):
        pay = np.round(rng.lognormal(8, 1, 400), 2)
        town = [*rng.choice(["Ulm", "Kiel"], 397), *["Hiddenstead"] * 3]
        pq.write_table(pa.table({"pay": pay, "town": town}), place / f"{name}.parquet")
    tables = [place / f"{name}.parquet" for name in ("real", "synthetic", "held")]
    certify = ["certify", place / "assessment", "--key", place / "keys" / "private.pem", "--out"]
    waived = ["--waive", "Ada Lovelace", "--reason", "pilot on a closed machine"]
    calls = [
        ["keygen", "--out", place / "keys"],
        [
            "assess",
            *tables[:2],
            "--holdout",
            tables[2],
            "--policy",
            "internal",
            "--out",
            place / "assessment",
        ],
        [*certify, place / "refusal"],
        [*certify, place / "release", *waived],
    ]
    assert [main([str(part) for part in call]) for call in calls] == [0, 0, 3, 0]
    return place


def page(made: Path, folder: str, *options: str, suffix: str = "html") -> str:
    to = made / f"page.{suffix}"
    assert main(["report", str(made / folder), "--out", str(to), *options]) == 0
    return to.read_text(encoding="utf-8")


def opening(text: str) -> str:
    return re.sub(r"\s+", " ", text[text.index("<header>") : text.index("</header>")])


def test_the_page_for_the_inside_is_the_one_that_assess_wrote(made):
    assert page(made, "assessment") == (made / "assessment" / "report.html").read_text(encoding="utf-8")
    assert "share it inside only" in page(made, "assessment")


@pytest.mark.parametrize(
    ("folder", "options"), [("assessment", ["--public"]), ("release", []), ("refusal", [])]
)
def test_what_may_be_published_says_so_and_holds_nobody(made, folder, options):
    text = page(made, folder, *options)
    assert "Publishable" in opening(text)
    assert "A report over real data is not itself private" in opening(text)
    assert "share it inside only" not in text
    for secret in ("Hiddenstead", 'id="rows"', str(made), "private"):
        assert secret not in re.sub("itself private|is not private", "", text), secret
    record = json.loads(page(made, folder, *options, suffix="json"))
    assert record["seed"] is None
    assert all("private" not in score["details"] for score in record["scores"])


def test_a_waiver_stands_in_certificate_card_verification_and_page(made, capsys):
    text = page(made, "release")
    assert "Ada Lovelace" in opening(text)
    assert "pilot on a closed machine" in opening(text)
    assert "Ada Lovelace" not in page(made, "refusal")
    card = (made / "release" / "README.md").read_text()
    assert "## Waiver" in card
    assert "RELEASED UNDER WAIVER: Ada Lovelace, pilot on a closed machine" in card
    capsys.readouterr()
    key = str(made / "keys" / "public.pem")
    assert main(["verify", str(made / "release"), "--public-key", key]) == 0
    assert "RELEASED UNDER WAIVER: Ada Lovelace" in capsys.readouterr().out


def test_the_refusal_says_no_and_why_with_remedies(made):
    text = opening(page(made, "refusal"))
    assert re.search(r'<span class="answer">(No|Not yet)\.</span>', text)
    assert 1 <= text.count('<li><div><span class="pill') <= 3


def test_a_wrong_folder_or_file_is_refused(made, capsys):
    assert main(["report", str(made / "keys"), "--out", str(made / "x.html")]) == 2
    assert "mintmark assess" in capsys.readouterr().err
    assert main(["report", str(made / "assessment"), "--out", str(made / "x.pdf")]) == 2
    assert ".html" in capsys.readouterr().err
    assert not (made / "x.html").exists()
