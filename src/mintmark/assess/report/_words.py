"""What each score says, in words a reviewer understands; a score unknown here reads by its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mintmark.assess.report._figures import figure, finite, percent
from mintmark.metric import Score

__all__ = [
    "FAMILIES",
    "PRIVACY_LIMIT",
    "PUBLIC_LIMIT",
    "REPORT_LIMIT",
    "Family",
    "anchors",
    "sentence",
    "title",
]

PRIVACY_LIMIT = "about the people in train and holdout; these attacks only; not a finding of anonymity"
REPORT_LIMIT = "A report over real data is not itself private: share it inside only."
PUBLIC_LIMIT = (
    "Publishable version: figures are rounded; single records, seeds, paths and cells of fewer than ten "
    "persons are left out. A report over real data is not itself private; this one proves no privacy either."
)


@dataclass(frozen=True)
class Family:
    """One of the three questions a report answers."""

    key: str
    title: str
    question: str


FAMILIES = (
    Family("fidelity", "Fidelity", "Do the synthetic rows look like the real ones?"),
    Family("utility", "Utility", "Does work done on the synthetic rows carry over to real ones?"),
    Family("privacy", "Privacy", "Do the synthetic rows give away who was in the training data?"),
)


@dataclass(frozen=True)
class _Words:
    """``says`` is filled with {v} figure, {p} per cent and {c} the ceiling's per cent, {cv} its figure."""

    title: str
    says: str
    ceiling: str = "fresh real rows"
    best: str = ""
    floor: str = ""


_WORDS = {
    "column_shapes": _Words(
        "Single columns",
        "On average a column’s distribution agrees with the real one to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "pair_trends": _Words(
        "Pairs of columns",
        "The relations between two columns agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "rules": _Words(
        "Rows that hold the rules",
        "{p} of the synthetic rows hold every declared rule.",
        best="Of the real rows {c} do.",
    ),
    "missingness": _Words(
        "Missing values",
        "The patterns of missing values agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "two_sample": _Words(
        "Told apart by a classifier",
        "Shown one synthetic and one real row, a strong classifier told which is which {p} of the time; "
        "50\u00a0% is guessing.",
    ),
    "missingness.pattern": _Words(
        "Missing together",
        "Which columns are missing together agrees with the real rows to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "distinctness": _Words(
        "Different rows",
        "{p} of the synthetic rows differ from one another; a low share means a few rows were repeated.",
        best="Among as many real rows {c} do.",
    ),
    "distinctness.coverage": _Words(
        "Values that occur",
        "{p} of the values that should be met in so many rows occur; a low share means collapse.",
        best="Fresh real rows reach {c}.",
    ),
    "mutual_information": _Words(
        "What columns tell of each other",
        "How much one column tells of another agrees with the real rows to {p}, over all pairs.",
        best="Fresh real rows reach {c}.",
    ),
    "triples": _Words(
        "Three columns at a time",
        "The shares of the combinations of three columns agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "energy": _Words(
        "Distance of the tables",
        "As clouds of points the synthetic and the real rows are {v} apart; 0 is none at all, 1 the most "
        "there can be.",
    ),
    "energy.mmd": _Words(
        "Distance of the tables, near neighbours",
        "Looked at from near by, the two clouds of rows are {v} apart; 0 is none at all.",
    ),
    "propensity": _Words(
        "Told apart by a tree",
        "A decision tree tells synthetic from real rows {v} times as well as it tells real from real; 1 is "
        "no better.",
    ),
    "propensity.main": _Words(
        "Told apart column by column",
        "A model that looks at columns one at a time tells synthetic from real rows {v} times as well as "
        "real from real; 1 is no better.",
    ),
    "precision_recall.alpha_precision": _Words(
        "Typical rows stay typical",
        "The synthetic rows lie as near to the middle of the real ones, and as far out, to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "precision_recall.beta_recall": _Words(
        "The variety of the real rows",
        "Real rows of every kind, common and odd, have a synthetic row near them to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "precision_recall.density": _Words(
        "Density",
        "Synthetic rows lie {v} times as dense among the real rows as real ones do; below 1 many lie where "
        "no real row is.",
        best="Fresh real rows reach {cv}.",
    ),
    "precision_recall.coverage": _Words(
        "Real rows covered",
        "{p} of the real rows have a synthetic row among their near neighbours.",
        best="With fresh real rows {c} do.",
    ),
    "precision_recall.authenticity": _Words(
        "New rows",
        "{p} of the synthetic rows are further from their nearest training row than real rows are from one "
        "another; a share below that of fresh real rows hints at copying.",
        best="Of fresh real rows {c} are.",
        floor="copy of train",
    ),
    "memorisation.two_sample": _Words(
        "Nearer to train, by a classifier",
        "A classifier tells synthetic rows from unseen real ones {v} better, in area, than from training "
        "rows; 0 is no difference.",
        ceiling="no difference",
        floor="copy of train",
    ),
    "memorisation.density": _Words(
        "Nearer to train, by neighbours",
        "A synthetic row falls among {v} more training rows than among unseen real ones; 0 is no difference.",
        ceiling="no difference",
        floor="copy of train",
    ),
    "modes": _Words(
        "Rarest kinds of rows",
        "The class, category or range that is most under-represented occurs {p} as often as in the real "
        "rows; near 0 a whole kind of row is missing.",
        best="Among fresh real rows the same figure is {c}.",
        floor="one kind missing",
    ),
    "tstr": _Words(
        "Trained on synthetic, tested on real",
        "A model trained on synthetic rows scores {v} on real rows it has never seen.",
        ceiling="trained on real rows",
        best="Trained on as many real rows it scores {cv}.",
    ),
    "tstr.gap": _Words(
        "Lost by training on synthetic",
        "Training on synthetic instead of real rows changes the score on real rows by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.linear_gap": _Words(
        "Lost by training on synthetic, linear model",
        "With a linear model, training on synthetic instead of real rows changes the score by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.trts": _Words(
        "Trained on real, tested on synthetic",
        "A model trained on real rows scores {v} on the synthetic ones. "
        "Far above the score on real rows, it hints at rows that are too easy.",
        ceiling="tested on real rows",
    ),
    "tstr.trts_excess": _Words(
        "Easier than real rows",
        "The model of real rows scores {v} better on the synthetic rows than on unseen real ones. Above 0 "
        "the synthetic rows are copies or too easy.",
        ceiling="as hard as real rows",
    ),
    "tstr.brier_gap": _Words(
        "Probabilities worsened",
        "Training on synthetic instead of real rows makes the squared error of predicted probabilities "
        "larger by {v}; 0 means that they are as trustworthy.",
        ceiling="nothing lost",
    ),
    "tstr.worst_group": _Words(
        "Lost in the worst subgroup",
        "In the group of people for whom it matters most, training on synthetic instead of real rows lowers "
        "the score by {v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.worst_class": _Words(
        "Lost on the worst class",
        "For the class that is learnt worst, training on synthetic instead of real rows lowers the score by "
        "{v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "model_ranking": _Words(
        "Models in the same order",
        "Ranked on synthetic rows, models come in an order that agrees with the one on real rows by {v}, "
        "where 1 is the same order and 0 chance.",
        ceiling="ranked on other real rows",
    ),
    "model_ranking.regret": _Words(
        "Lost by choosing the model on synthetic rows",
        "The model that looks best on synthetic rows scores {v} less on real ones than the truly best; 0 "
        "means the right one was chosen.",
        ceiling="chosen on real rows",
    ),
    "model_ranking.importance": _Words(
        "The same columns matter",
        "How much each column matters to a model of synthetic rows agrees with a model of real rows by {v}, "
        "where 1 is the same and 0 chance.",
        ceiling="models of real rows",
    ),
    "augmentation": _Words(
        "Gained by adding synthetic rows",
        "Added to the real training rows, the synthetic ones change the score on real rows by {v}.",
        ceiling="real rows doubled",
    ),
    "augmentation.labels": _Words(
        "Worth in real rows",
        "A model of the synthetic rows alone does as well as one of {v} real rows.",
        ceiling="all training rows",
        best="The training table has {cv}.",
    ),
    "augmentation.added_labels": _Words(
        "Worth in real rows, when added",
        "Adding the synthetic rows to the training table helps as much as {v} more real rows would; below 0 "
        "they do harm.",
        ceiling="as good as real rows",
    ),
    "queries": _Words(
        "Counts of random questions",
        "Asked how many people have two or three properties, the synthetic rows are off by {p} of all people "
        "on average.",
        best="Fresh real rows are off by {c}.",
    ),
    "queries.coefficients": _Words(
        "Regression coefficients",
        "The confidence intervals of regression coefficients from synthetic and from real rows overlap "
        "by {p}.",
        best="Those of fresh real rows overlap by {c}.",
    ),
    "fairness.parity": _Words(
        "Protected groups, how often chosen",
        "How much oftener a model chooses one group than the others changes by up to {v} when it learns from "
        "synthetic rows; 0 means that nothing changes.",
        ceiling="nothing changed",
    ),
    "fairness.opportunity": _Words(
        "Protected groups, how often found",
        "How much better a model finds the right people of one group than of the others changes by up to {v} "
        "when it learns from synthetic rows; 0 means that nothing changes.",
        ceiling="nothing changed",
    ),
    "survival.curve": _Words(
        "Survival curve",
        "At any time the share of people still without the event is off by {p} on average.",
        best="Fresh real rows are off by {c}.",
    ),
    "survival.censoring": _Words(
        "Censoring kept",
        "The share of people whose event was not observed is off by {p}.",
        best="Fresh real rows are off by {c}.",
    ),
    "survival.c_gap": _Words(
        "Lost in ordering people by risk",
        "Learning from synthetic instead of real rows lowers how well a Cox model orders real people by risk "
        "by {v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "survival.brier_gap": _Words(
        "Lost in predicted survival",
        "Learning from synthetic instead of real rows raises the squared error of predicted survival by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "survival.hazard_ratios": _Words(
        "Hazard ratios",
        "The confidence intervals of hazard ratios from synthetic and from real rows overlap by {p}.",
        best="Those of fresh real rows overlap by {c}.",
    ),
    "copies.exact": _Words(
        "Exact copies",
        "{p} of the synthetic rows equal a training row.",
        best="Of fresh real rows, {c} do so by chance.",
    ),
    "copies.near": _Words(
        "Near copies",
        "{p} of the synthetic rows almost equal a training row.",
        best="Of fresh real rows, {c} do so by chance.",
    ),
    "copies.excess": _Words(
        "Exact copies beyond chance",
        "Exact copies of training rows, less those that fresh real rows show by chance: {p} of the rows. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "copies.near_excess": _Words(
        "Near copies beyond chance",
        "Near copies of training rows, less those that fresh real rows show by chance: {p} of the rows. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "copies.rare": _Words(
        "Rare rows copied",
        "{p} of the synthetic rows equal a training row that is like nobody else's.",
        best="Of fresh real rows, {c} do so by chance.",
    ),
    "copies.rare_excess": _Words(
        "Rare rows copied beyond chance",
        "Copies of training rows like nobody else's, less those that fresh real rows show by chance: {p} of "
        "the rows. Above 0 the method copied those who stand out.",
        ceiling="chance",
    ),
    "copies.holdout": _Words(
        "Copies of held-out rows",
        "{p} of the synthetic rows equal a held-out real row, which the method should never have met.",
        best="Of the training rows, {c} do so by chance.",
    ),
    "copies.holdout_excess": _Words(
        "Copies of held-out rows beyond chance",
        "Copies of held-out rows, less those that training rows show by chance: {p} of the rows. "
        "Above 0 real people who were not to be used come out, and no figure of utility means anything.",
        ceiling="chance",
    ),
    "exposed": _Words(
        "People who stand out",
        "Of the training people who are least like anyone else, {p} lie closer to a synthetic row than "
        "held-out people just as rare do. Above 0 those who stand out are exposed.",
        ceiling="chance",
    ),
    "real_identifiers": _Words(
        "Real names, numbers and keys",
        "{p} of the synthetic names, e-mails, numbers and keys belong to a person of the training data.",
        ceiling="none",
    ),
    "real_identifiers.holdout": _Words(
        "Identifiers met by chance",
        "{p} of the synthetic names, e-mails, numbers and keys belong to a real person who was not in the "
        "training data.",
        ceiling="none",
    ),
    "unique_values": _Words(
        "Unique real values used again",
        "Beyond what chance brings, {p} of the training people have a value that nobody else has turn up "
        "again. Above 0 the method hands values on.",
        ceiling="chance",
    ),
    "unique_values.worst": _Words(
        "Unique real values, worst column",
        "In the column that hands on most, {p} of the values that one single training person holds turn up "
        "again beyond what chance brings.",
        ceiling="chance",
    ),
    "personal_data": _Words(
        "Real addresses and numbers in texts",
        "{p} of the synthetic rows show, inside a text or a label, an e-mail address, a telephone, card or "
        "account number or an id of a person in the training data.",
        ceiling="none",
    ),
    "personal_data.found": _Words(
        "Addresses and numbers in texts, real or not",
        "{p} of the synthetic rows hold something like that; declare such a column personal, and surrogates "
        "take its place.",
        best="Of fresh real rows {c} do.",
    ),
    "verbatim_spans": _Words(
        "Sentences that come out word for word",
        "Beyond what chance brings, {p} of the training people who wrote eight words that nobody else did "
        "have them turn up again. Above 0 the method recites.",
        ceiling="chance",
    ),
    "membership.auc": _Words(
        "Membership attack",
        "Shown one person from the training data and one who was not in it, an attacker who holds both "
        "records and the synthetic table picked the right one {p} of the time; 50\u00a0% is guessing.",
        ceiling="guessing",
    ),
    "membership.tpr": _Words(
        "Membership attack, surest guesses",
        "At 1\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "membership.tpr01": _Words(
        "Membership attack, very surest guesses",
        "At 0.1\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "membership.tpr10": _Words(
        "Membership attack, sure guesses",
        "At 10\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "singling_out.univariate": _Words(
        "Singled out by one value",
        "Guesses “exactly one person has this value”, read off the synthetic rows, are right of the training "
        "people {p} more often than of strangers. Above 0 people can be picked out.",
        ceiling="chance",
    ),
    "singling_out.multivariate": _Words(
        "Singled out by several values",
        "Guesses “exactly one person is like this”, read off the synthetic rows over several columns, are "
        "right of the training people {p} more often than of strangers. Above 0 people can be picked out.",
        ceiling="chance",
    ),
    "linkability": _Words(
        "Linked records",
        "Two parties who each know half of a person's record link the halves through the synthetic rows {p} "
        "more often for training people than for strangers.",
        ceiling="chance",
    ),
    "inference.worst": _Words(
        "Secrets inferred, worst column",
        "An attacker who knows the rest of a record guesses the column that leaks most {p} more often right "
        "of training people than of strangers.",
        ceiling="chance",
    ),
    "inference.mean": _Words(
        "Secrets inferred, on average",
        "An attacker who knows the rest of a record guesses the missing value {p} more often right of "
        "training people than of strangers.",
        ceiling="chance",
    ),
    "reidentification": _Words(
        "Found by what is known of them",
        "Matching the declared quasi-identifiers finds the right person, and a secret of theirs, {p} more "
        "often among training people than among strangers.",
        ceiling="chance",
    ),
    "reidentification.k_map": _Words(
        "Alike in the population",
        "At least {v} people of the population share the quasi-identifiers of any row.",
    ),
    "anonymity.k": _Words(
        "Smallest class of the file (k)",
        "At least {v} synthetic rows share their quasi-identifiers. For information: no synthetic row is a "
        "person, so this neither protects nor exposes anybody.",
        ceiling="held-out rows",
    ),
    "anonymity.l": _Words(
        "Fewest values in a class (l)",
        "Synthetic rows that share their quasi-identifiers show at least {v} different sensitive values. For "
        "information, as k.",
        ceiling="held-out rows",
    ),
    "anonymity.t": _Words(
        "Farthest class from the file (t)",
        "The sensitive values of rows that share their quasi-identifiers differ from the whole file's by at "
        "most {v} (0 none, 1 all). For information, as k.",
        ceiling="held-out rows",
    ),
    "closest_record": _Words(
        "Nearest real record",
        "{p} of the synthetic rows lie nearer to a training row than to a held-out one; 50\u00a0% is chance. "
        "A smoke test only: passing it proves nothing.",
        ceiling="chance",
    ),
    "autocorrelation": _Words(
        "Memory of a number",
        "How a number hangs on its own past agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "autocorrelation.partial": _Words(
        "Memory of a number, step by step",
        "What each earlier step adds to the memory of a number agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "cross_correlation": _Words(
        "Numbers that follow each other",
        "How one number follows another over time agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "spectrum": _Words(
        "Rhythms",
        "How fast and slow changes share a number’s movement agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "transitions": _Words(
        "States that follow each other",
        "Which category follows which agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "inter_event_times": _Words(
        "Time between rows",
        "The times from one row of a sequence to the next agree with the real ones to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "sequence_length": _Words(
        "Rows of a sequence",
        "The numbers of rows of the sequences agree with the real ones to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "sequence_coverage": _Words(
        "Real behaviour that occurs",
        "{p} of the pieces of unseen real sequences lie as near to a synthetic piece as to another real one; "
        "50\u00a0% is as good as real, a low share means that kinds of sequences are missing.",
    ),
    "sequence_coverage.distinct": _Words(
        "Different sequences",
        "On average {p} of a synthetic sequence’s pieces occur in no other; a low share means that a few "
        "sequences were repeated.",
        best="Among real sequences {c} do.",
    ),
    "discriminative_score": _Words(
        "Sequences told apart by a classifier",
        "Shown one synthetic and one real sequence, a strong classifier told which is which {p} of the time; "
        "50\u00a0% is guessing.",
    ),
    "predictive_score": _Words(
        "Next step foreseen",
        "A model that learnt on synthetic sequences misses the next step of real ones by {v} of what naming "
        "a constant costs.",
        ceiling="learnt on real sequences",
        best="Learnt on real sequences it misses by {cv}.",
    ),
    "predictive_score.gap": _Words(
        "Foresight lost",
        "Learning on synthetic instead of real sequences changes the error of the next step by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "children_per_parent": _Words(
        "Children per parent",
        "How many rows belong to one parent agrees with the real tables to {p}, in the worst of the keys.",
        best="Fresh real parents reach {c}.",
    ),
    "referential_integrity": _Words(
        "References that lead somewhere",
        "{p} of the references from one synthetic table to another name a row that exists, in the "
        "worst of the keys.",
        ceiling="real rows",
        best="Among real rows {c} do.",
    ),
    "parent_child_pairs": _Words(
        "Parents and their children",
        "How columns of a parent hang together with columns of its children agrees with the real tables to "
        "{p}, in the worst of the keys.",
        best="Fresh real rows reach {c}.",
    ),
    "family_copies.exact": _Words(
        "Copied families",
        "{p} of the synthetic families (a parent with everything that belongs to it) equal one of the "
        "training data.",
        best="Of fresh real families, {c} do so by chance.",
    ),
    "family_copies.near": _Words(
        "Nearly copied families",
        "{p} of the synthetic families almost equal one of the training data.",
        best="Of fresh real families, {c} do so by chance.",
    ),
    "family_copies.excess": _Words(
        "Copied families beyond chance",
        "Families that equal one of the training data, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "family_copies.near_excess": _Words(
        "Nearly copied families beyond chance",
        "Families that almost equal one of the training data, less those that fresh real ones show by "
        "chance: {p}. Above 0 the method copied.",
        ceiling="chance",
    ),
    "window_copies.exact": _Words(
        "Copied pieces",
        "{p} of the synthetic sequences hold a piece that equals one of a training sequence.",
        best="Of fresh real sequences, {c} do so by chance.",
    ),
    "window_copies.near": _Words(
        "Nearly copied pieces",
        "{p} of the synthetic sequences hold a piece that almost equals one of a training sequence.",
        best="Of fresh real sequences, {c} do so by chance.",
    ),
    "window_copies.excess": _Words(
        "Copied pieces beyond chance",
        "Sequences with a copied piece, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "window_copies.near_excess": _Words(
        "Nearly copied pieces beyond chance",
        "Sequences with a nearly copied piece, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "nearest_windows": _Words(
        "Nearest real piece",
        "{p} of the pieces of synthetic sequences lie nearer to a training sequence than to a held-out one; "
        "50\u00a0% is chance. A smoke test only: passing it proves nothing.",
        ceiling="chance",
    ),
    "sequence_membership.auc": _Words(
        "Membership attack on sequences",
        "Shown one sequence from the training data and one that was not in it, an attacker who holds both "
        "and the synthetic ones picked the right one {p} of the time; 50\u00a0% is guessing.",
        ceiling="guessing",
    ),
    "sequence_membership.tpr": _Words(
        "Membership attack on sequences, surest guesses",
        "At 1\u00a0% false alarms the attacker found {p} of the persons in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "sequence_membership.tpr10": _Words(
        "Membership attack on sequences, sure guesses",
        "At 10\u00a0% false alarms the attacker found {p} of the persons in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
}
_FLOORS = {"fidelity": "independent columns", "utility": "independent columns", "privacy": "copy of train"}


def title(metric: str) -> str:
    """A score's name for readers."""
    return _WORDS[metric].title if metric in _WORDS else metric.replace("_", " ").replace(".", ", ")


def anchors(score: Score) -> tuple[str, str]:
    """What the floor and the ceiling of a score are called."""
    known = _WORDS.get(score.metric)
    floor = _FLOORS.get(score.family, "floor")
    return (known.floor or floor, known.ceiling) if known else (floor, "as good as expected")


def sentence(score: Score) -> str:
    """What the score says; its convention where the metric has no words here."""
    known = _WORDS.get(score.metric)
    if known is None:
        better = "Higher" if score.direction == "higher" else "Lower"
        said = score.convention.strip().rstrip(".")
        said = f"{said[:1].upper()}{said[1:]}. " if said else ""
        return f"{said}{better} is better."
    text = known.says + (f" {known.best}" if known.best and score.ceiling is not None else "")
    return _memorised(score) + text.format(
        v=figure(score.estimate),
        p=percent(score.estimate),
        c=percent(score.ceiling),
        cv=figure(score.ceiling),
    )


def _memorised(score: Score) -> str:
    """A warning where the rows are nearer to train than to as many unseen rows, beyond chance."""
    found = score.details.get("memorisation")
    ends = found.get("interval") if isinstance(found, Mapping) else None
    if not isinstance(ends, (list, tuple)) or not ends or (finite(ends[0]) or 0.0) <= 0:
        return ""
    return "Sign of memorisation: nearer to the training rows than to unseen real ones, beyond chance. "
