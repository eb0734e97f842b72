"""Certificates: what is released, what is refused, and what `verify` finds."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import shutil
import stat

import numpy as np
import pyarrow as pa
import pytest

from mintmark.assess.assessment import Assessment, digest_of
from mintmark.data.dataset import Dataset
from mintmark.data.read import read
from mintmark.data.schema import Column, Schema
from mintmark.errors import InputError, OutputError
from mintmark.metric import Score
from mintmark.release.certificate import FILE, Certificate, opened, pae, sealed, written
from mintmark.release.certify import certify
from mintmark.release.keys import load_private, load_public, make_keys
from mintmark.release.policy import Policy
from mintmark.release.rule import Rule
from mintmark.release.verify import verify

RELEASED = {"synthetic.parquet", "README.md", "croissant.json", "report.public.json", FILE}
SECRET = "unmistakable-secret"


def rule(id, family, metric, **limit):
    return Rule(id=id, family=family, metric=metric, because="it matters for this test", **limit)


POLICY = Policy(
    name="small",
    purpose="for this test",
    rules=(
        rule("shapes", "fidelity", "column_shapes", at_least=0.9),
        rule("gap", "utility", "tstr.gap", at_most=0.05),
        rule("attack", "privacy", "membership.auc", at_most=0.6),
    ),
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def synthetic():
    rng = np.random.default_rng(0)
    schema = Schema(
        (
            Column(name="age", kind="integer", dtype="int64", low=18, high=80),
            Column(name="job|x", kind="category", dtype="string", categories=("a", "b")),
            Column(name="income", kind="boolean", dtype="bool", roles=("target",)),
        )
    )
    table = pa.table(
        {
            "age": rng.integers(18, 80, 200),
            "job|x": rng.choice(["a", "b"], 200),
            "income": rng.random(200) < 0.3,
        }
    )
    provenance = {"nature": "fully synthetic", "method": "m", "source": f"/home/{SECRET}.csv", "seed": 77}
    return Dataset(table, schema, provenance)


def scores(auc=(0.48, 0.55)):
    figures = [
        ("column_shapes", "fidelity", (0.95, 0.98), {"columns": {"age": {"ks": 0.0123456}}}),
        ("tstr.gap", "utility", (-0.01, 0.02), {}),
        ("membership.auc", "privacy", auc, {"private": {"row 17": SECRET}}),
    ]
    return tuple(
        Score(metric=m, family=f, estimate=sum(ends) / 2, interval=ends, details=details, n=200)
        for m, f, ends, details in figures
    )


@pytest.fixture
def assessment(synthetic):
    labels = ["a", "b", SECRET]
    column = {"kind": "category", "labels": labels, "train": [0.6, 0.397, 0.003], "synthetic": [0.6, 0.4, 0]}
    return Assessment(
        scores(),
        {
            "rows": {"train": 1000, "holdout": 250, "synthetic": 200},
            "target": "income",
            "columns": {"job|x": {**column, "holdout": None, "missing": {"train": 0.002, "synthetic": 0}}},
            "nearest": {"edges": [0.0, 1.0], "synthetic_to_train": [1.0]},
            "differences": [f"category {SECRET} never occurs"],
        },
        policy=POLICY.record(),
        provenance=synthetic.provenance,
        sha256=digest_of(synthetic.table),
        seed=778899,
        versions={"numpy": np.__version__},
    )


@pytest.fixture
def release(tmp_path, synthetic, assessment, keys):
    certify(synthetic, assessment, key=keys[0], out=tmp_path / "release")
    return tmp_path / "release"


def leaky(assessment):
    return dataclasses.replace(assessment, scores=scores(auc=(0.9, 0.95)))


# -- release -------------------------------------------------------------------------------------


def test_a_good_assessment_is_released_and_verifies(release, keys):
    assert {file.name for file in release.iterdir()} == RELEASED
    found = verify(release, keys[1])
    assert found.ok
    assert found.exit_code == 0
    assert found.title == "RELEASED · fully synthetic data · policy small"
    assert [line.partition(":")[0] for line in found.lines[:3]] == ["fidelity", "utility", "privacy"]
    assert found.lines[2].endswith(
        "about the people in train and holdout; these attacks only; not a finding of anonymity"
    )


def test_the_released_data_is_what_was_assessed(release, synthetic, assessment):
    again = read(release / "synthetic.parquet")
    assert digest_of(again.table) == assessment.sha256
    assert again.schema == synthetic.schema
    assert again.provenance["nature"] == "fully synthetic"


def test_no_seed_path_or_private_detail_leaves(release):
    for file in release.iterdir():
        content = file.read_bytes()
        if file.name == FILE:
            content = base64.b64decode(json.loads(content)["payload"])
        for secret in (SECRET.encode(), b"778899", b'"seed"'):
            assert secret not in content, (file.name, secret)


def test_small_cells_cannot_be_worked_out_from_the_others(release):
    column = json.loads((release / "report.public.json").read_text())["tables"]["columns"]["job|x"]
    assert column["train"] == [0.6, 0.4, 0.0]
    assert column["labels"] == ["a", "b", "(fewer than 10)"]
    assert column["missing"]["train"] == 0.0


def test_the_statement_holds_what_a_reader_needs(release, synthetic, keys):
    statement = opened((release / FILE).read_bytes(), load_public(keys[1]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert {entry["name"] for entry in statement["subject"]} == RELEASED - {FILE}
    predicate = statement["predicate"]
    assert predicate["policy"]["text"] == POLICY.text
    assert predicate["policy"]["chosen"] == "before scoring"
    assert predicate["schema"] == synthetic.schema.to_json()
    assert [score["interval"] for score in predicate["scores"]] == [[0.95, 0.98], [-0.01, 0.02], [0.48, 0.55]]


def test_the_recipe_is_signed_without_seeds_and_paths(synthetic, assessment, keys):
    recipe = {
        "seed": 778899,
        "source": {"path": f"data/{SECRET}.csv", "target": "income"},
        "generate": {"method": "m", "parameters": {"depth": 3, "random_seed": 778899}},
        "release": {"key": f"/keys/{SECRET}"},
    }
    shown = certify(synthetic, assessment, key=keys[0], recipe=recipe).predicate["recipe"]
    assert shown["generate"] == {"method": "m", "parameters": {"depth": 3}}
    assert SECRET not in json.dumps(shown)
    assert "778899" not in json.dumps(shown)


def test_without_out_nothing_is_written(synthetic, assessment, keys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    certificate = certify(synthetic, assessment, key=keys[0])
    assert certificate.released
    assert list(tmp_path.iterdir()) == []


def test_a_release_as_csv_verifies_too(tmp_path, synthetic, assessment, keys):
    certify(synthetic, assessment, key=keys[0], out=tmp_path / "r", recipe={"release": {"format": "csv"}})
    assert (tmp_path / "r" / "synthetic.csv").is_file()
    assert verify(tmp_path / "r", keys[1]).ok


def test_a_release_replaces_an_earlier_one_and_nothing_else(release, synthetic, assessment, keys, tmp_path):
    certify(synthetic, leaky(assessment), key=keys[0], out=release)
    assert {file.name for file in release.iterdir()} == {"README.md", "report.public.json", FILE}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(OutputError, match="is no release"):
        certify(synthetic, assessment, key=keys[0], out=tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "release"]


def test_the_certificate_loads_again(release):
    loaded = Certificate.load(release)
    assert loaded.exit_code == 0
    assert loaded.verdicts[0]["outcome"] == "pass"
    assert str(loaded).startswith("RELEASED")


# -- refusal, waiver, late policy -----------------------------------------------------------------


def test_a_refusal_is_signed_and_holds_no_data(tmp_path, synthetic, assessment, keys):
    certificate = certify(synthetic, leaky(assessment), key=keys[0], out=tmp_path / "r")
    assert certificate.exit_code == 3
    assert {file.name for file in (tmp_path / "r").iterdir()} == {"README.md", "report.public.json", FILE}
    found = verify(tmp_path / "r", keys[1])
    assert found.ok
    assert found.exit_code == 3
    assert found.title.startswith("REFUSED")
    assert "attack (fail)" in found.lines[2]


@pytest.mark.parametrize("auc", [(0.55, 0.65), (float("nan"), 0.5)])
def test_what_is_inconclusive_or_not_run_is_refused(synthetic, assessment, keys, auc):
    unsure = dataclasses.replace(assessment, scores=scores(auc=auc))
    assert certify(synthetic, unsure, key=keys[0]).exit_code == 3


def test_a_forced_release_says_so_for_ever(tmp_path, synthetic, assessment, keys):
    waiver = {"name": "J. Doe", "reason": "agreed with\nthe board"}
    certify(synthetic, leaky(assessment), key=keys[0], out=tmp_path / "r", waiver=waiver)
    found = verify(tmp_path / "r", keys[1])
    assert found.exit_code == 0
    assert "RELEASED UNDER WAIVER: J. Doe, agreed with the board" in str(found)
    assert "RELEASED UNDER WAIVER" in (tmp_path / "r" / "README.md").read_text()
    assert "RELEASED UNDER WAIVER" in (tmp_path / "r" / "croissant.json").read_text()
    assert "fail" in found.lines[2]


def test_a_waiver_that_nothing_needs_changes_nothing(synthetic, assessment, keys):
    certificate = certify(synthetic, assessment, key=keys[0], waiver=("J. Doe", "to be safe"))
    assert certificate.outcome == "released"
    assert certificate.predicate["waiver"] is None


@pytest.mark.parametrize("waiver", [{"name": "J. Doe"}, {"name": " ", "reason": "x"}, "J. Doe", ("a",)])
def test_a_waiver_needs_a_name_and_a_reason(synthetic, assessment, keys, waiver):
    with pytest.raises(InputError, match="waiver"):
        certify(synthetic, leaky(assessment), key=keys[0], waiver=waiver)


@pytest.mark.parametrize("recorded", [None, Policy.load("internal").record()])
def test_a_policy_chosen_after_scoring_is_marked_for_ever(tmp_path, synthetic, assessment, keys, recorded):
    late = dataclasses.replace(assessment, policy=recorded)
    certificate = certify(synthetic, late, policy=POLICY, key=keys[0], out=tmp_path / "r")
    assert "policy chosen after scoring" in str(certificate)
    assert "policy chosen after scoring" in str(verify(tmp_path / "r", keys[1]))
    assert "policy chosen after scoring" in (tmp_path / "r" / "README.md").read_text()


def test_naming_the_recorded_policy_again_is_no_later_choice(synthetic, assessment, keys):
    assert "after scoring" not in str(certify(synthetic, assessment, policy=POLICY, key=keys[0]))


@pytest.mark.parametrize(
    ("families", "says"),
    [
        (["fidelity", "utility"], "RELEASED WITHOUT PRIVACY TEST"),
        (["fidelity", "privacy"], "RELEASED WITHOUT UTILITY TEST"),
        (["privacy"], "RELEASED WITHOUT FIDELITY AND UTILITY TEST"),
    ],
)
def test_a_family_without_a_rule_is_in_the_title(tmp_path, synthetic, assessment, keys, families, says):
    some = Policy(name="some", purpose="p", rules=tuple(r for r in POLICY.rules if r.family in families))
    certify(synthetic, assessment, policy=some, key=keys[0], out=tmp_path / "r")
    found = verify(tmp_path / "r", keys[1])
    assert found.title.startswith(says)
    assert len(found.lines) >= 3


def test_open_data_ends_inconclusive_for_rows_learnt_from_people(synthetic, assessment, keys):
    formal = dataclasses.replace(POLICY, needs={"formal_guarantee": True})
    refused = certify(synthetic, assessment, policy=formal, key=keys[0])
    assert refused.exit_code == 3
    assert "inconclusive" in refused.lines[2]
    assert "no formal guarantee" in refused.verdicts[-1]["reason"]


def test_the_certificate_names_columns_released_unprotected(synthetic, assessment, keys):
    schema = synthetic.schema.edit("age", protect=False)
    bare = dataclasses.replace(synthetic, schema=schema)
    assert "protection off by request: age" in str(certify(bare, assessment, key=keys[0]))


# -- wrong input -----------------------------------------------------------------------------------


def test_a_certificate_for_other_data_is_refused(tmp_path, synthetic, assessment, keys):
    with pytest.raises(InputError, match="other data"):
        certify(synthetic[:-1], assessment, key=keys[0], out=tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_an_assessment_without_policy_needs_one_now(synthetic, assessment, keys):
    with pytest.raises(InputError, match="named no policy"):
        certify(synthetic, dataclasses.replace(assessment, policy=None), key=keys[0])


def test_a_policy_text_edited_after_scoring_is_refused(synthetic, assessment, keys):
    softer = {**POLICY.record(), "text": POLICY.text.replace("0.6", "0.99")}
    with pytest.raises(InputError, match="changed after scoring"):
        certify(synthetic, dataclasses.replace(assessment, policy=softer), key=keys[0])


def test_nature_cannot_be_two_things(synthetic, assessment, keys):
    other = dataclasses.replace(assessment, provenance={"nature": "simulated"})
    with pytest.raises(InputError, match="Assess again"):
        certify(synthetic, other, key=keys[0])


# -- tampering -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_one_changed_byte_anywhere_fails(release, keys, name):
    content = (release / name).read_bytes()
    step = max(1, len(content) // 60)
    for at in [*range(0, len(content), step), len(content) - 1]:
        changed = bytearray(content)
        changed[at] ^= 1
        (release / name).write_bytes(changed)
        found = verify(release, keys[1])
        assert not found.ok, f"byte {at} of {name}"
        assert found.exit_code == 2
    (release / name).write_bytes(content)
    assert verify(release, keys[1]).ok


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_a_missing_file_fails(release, keys, name):
    (release / name).unlink()
    assert name in str(verify(release, keys[1]))
    assert not verify(release, keys[1]).ok


@pytest.mark.parametrize("name", ["train.parquet", ".hidden", "folder/x"])
def test_an_extra_file_fails(release, keys, name):
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_text("extra")
    assert "not part of the release" in str(verify(release, keys[1]))


def test_a_link_in_place_of_a_file_fails(release, keys, tmp_path):
    shutil.move(release / "README.md", tmp_path / "README.md")
    os.symlink(tmp_path / "README.md", release / "README.md")
    assert not verify(release, keys[1]).ok


def test_another_key_fails(release, tmp_path):
    other = make_keys(tmp_path / "other")[1]
    assert "not this key's" in str(verify(release, other))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda p: p["verdicts"][2].update(outcome="inconclusive"), "verdict"),
        (lambda p: p.update(title="RELEASED AND ANONYMOUS"), "title"),
        (lambda p: p.update(lines=["privacy: proven"]), "line"),
        (lambda p: p["scores"][0].update(estimate=1.0), "scores"),
        (lambda p: p["policy"].update(text=POLICY.text.replace("0.6", "0.99")), "digest"),
        (lambda p: p["policy"].update(chosen="after scoring"), "chosen"),
        (lambda p: p.update(nature="simulated"), "the rows are"),
        (lambda p: p.pop("schema"), "lacks"),
    ],
)
def test_a_false_statement_fails_even_when_signed_by_the_right_key(release, keys, edit, says):
    statement = opened((release / FILE).read_bytes(), load_public(keys[1]))
    edit(statement["predicate"])
    (release / FILE).write_bytes(written(sealed(statement, load_private(keys[0]))))
    found = verify(release, keys[1])
    assert found.exit_code == 2
    assert says in str(found)


def test_a_report_edited_and_signed_again_fails_by_its_figures(release, keys, tmp_path):
    statement = opened((release / FILE).read_bytes(), load_public(keys[1]))
    report = json.loads((release / "report.public.json").read_text())
    report["scores"][2]["interval"] = [0.9, 0.95]
    (release / "report.public.json").write_text(json.dumps(report))
    from mintmark.release.certify import _subject

    names = [entry["name"] for entry in statement["subject"]]
    statement["subject"] = [_subject(release / name) for name in names]
    (release / FILE).write_bytes(written(sealed(statement, load_private(keys[0]))))
    assert "judging again gives another verdict" in str(verify(release, keys[1]))


def test_a_subject_outside_the_release_fails(release, keys):
    statement = opened((release / FILE).read_bytes(), load_public(keys[1]))
    statement["subject"].append({"name": "../../etc/passwd", "digest": {"sha256": "0"}})
    (release / FILE).write_bytes(written(sealed(statement, load_private(keys[0]))))
    assert "outside the release" in str(verify(release, keys[1]))


def test_the_signature_is_over_dsse_bytes():
    # the example of the DSSE specification
    assert pae(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_no_release_directory_is_told(tmp_path, keys):
    with pytest.raises(InputError, match="no release directory"):
        verify(tmp_path / "absent", keys[1])


# -- keys ------------------------------------------------------------------------------------------


def test_keys_are_private_and_never_replaced(tmp_path):
    private, public = make_keys(tmp_path / "keys")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes()
    with pytest.raises(OutputError, match="never replaced"):
        make_keys(tmp_path / "keys")
    assert private.read_bytes() == before
    private.unlink()
    with pytest.raises(OutputError, match="public"):
        make_keys(tmp_path / "keys")
    assert not private.exists()
    assert public.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_private_key_that_others_read_is_refused(tmp_path, mode):
    private, _ = make_keys(tmp_path)
    private.chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        load_private(private)


def test_the_wrong_sort_of_key_is_told(tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    private, public = make_keys(tmp_path)
    public.chmod(0o600)
    with pytest.raises(InputError, match="public key; sign with"):
        load_private(public)
    with pytest.raises(InputError, match="is a private key"):
        load_public(private)
    other = tmp_path / "ec.pem"
    pem = serialization.Encoding.PEM
    content = generate_private_key(SECP256R1()).private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    other.write_bytes(content)
    other.chmod(0o600)
    with pytest.raises(InputError, match="no Ed25519"):
        load_private(other)
    other.write_text("nothing")
    with pytest.raises(InputError, match="no private key"):
        load_private(other)
    with pytest.raises(InputError, match="cannot read"):
        load_public(tmp_path / "absent.pem")
