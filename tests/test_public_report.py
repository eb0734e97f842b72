"""`mintmark report`: one page for the inside, one to publish, which says so and holds nothing private."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html import unescape as html_unescaped
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mintmark.assess.assessment import Assessment
from mintmark.cli.main import main
from mintmark.release.certificate import FILE, Certificate
from mintmark.release.keys import make_keys
from mintmark.release.policy import Policy


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


def told(made, *arguments) -> int:
    return main(["report", *map(str, arguments), "--out", str(made / "told.html")])


def copy_of(made: Path, to: Path) -> Path:
    return Path(shutil.copytree(made / "release", to))


def test_an_edited_certificate_gets_no_page(made, tmp_path, capsys):
    release = copy_of(made, tmp_path / "release")
    envelope = json.loads((release / FILE).read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    for verdict in statement["predicate"]["verdicts"]:
        verdict["outcome"] = "pass"
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    (release / FILE).write_text(json.dumps(envelope))
    assert told(tmp_path, release) == 2
    assert "judging again gives another verdict" in capsys.readouterr().err
    assert not (tmp_path / "told.html").exists()


def test_the_page_of_a_release_says_whether_its_signature_was_checked(made, tmp_path, capsys):
    assert "signature not checked" in opening(page(made, "release"))
    assert "signature not checked" in capsys.readouterr().out
    key = made / "keys" / "public.pem"
    checked = opening(page(made, "release", "--public-key", str(key)))
    assert "signature checked" in checked
    assert "signature not checked" not in checked
    make_keys(tmp_path / "other")
    assert told(tmp_path, made / "release", "--public-key", tmp_path / "other" / "public.pem") == 2
    assert "not this key's" in capsys.readouterr().err
    assert told(tmp_path, made / "assessment", "--public-key", key) == 2
    assert "nobody signs" in capsys.readouterr().err


def test_the_page_of_a_release_hides_nothing_that_its_certificate_says(made, tmp_path):
    key = made / "keys" / "private.pem"
    late = ["certify", made / "assessment", "--policy", "health", "--key", key, "--out", tmp_path / "late"]
    assert main([str(part) for part in late]) == 3
    text = html_unescaped(opening(page(tmp_path, "late")))
    certificate = Certificate.load(tmp_path / "late")
    assert "policy chosen after scoring: its thresholds" in text
    assert "policy “health”" in text
    assert all(line in text for line in [certificate.title, *certificate.lines])


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{")])
def test_a_release_without_its_report_is_told_in_one_line(made, tmp_path, capsys, damage):
    release = copy_of(made, tmp_path / "release")
    damage(release / "report.public.json")
    assert told(tmp_path, release) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "report.public.json" in said


def test_the_page_of_an_assessment_keeps_what_its_owner_declared(made, tmp_path):
    record = json.loads((made / "assessment" / "report.json").read_text())
    record["policy"] = Policy.load("open-data").record()
    for personal, outcome in ((True, "inconclusive"), (False, "pass")):
        found = Assessment.from_json(record | {"personal": personal})
        guarantee = found.verdicts()[-1]
        assert (guarantee.rule, guarantee.outcome) == ("formal_guarantee", outcome)
        (tmp_path / "report.json").write_text(found.dumps())
        assert Assessment.load(tmp_path / "report.json") == found
        assert ("bind no later attack" in page(tmp_path, "")) is personal


def test_a_wrong_folder_or_file_is_refused(made, capsys):
    assert told(made, made / "assessment" / "report.json") == 2
    assert f"mintmark report {made / 'assessment'}" in capsys.readouterr().err
    assert main(["report", str(made / "keys"), "--out", str(made / "x.html")]) == 2
    assert "mintmark assess" in capsys.readouterr().err
    assert main(["report", str(made / "assessment"), "--out", str(made / "x.pdf")]) == 2
    assert ".html" in capsys.readouterr().err
    assert not (made / "x.html").exists()
