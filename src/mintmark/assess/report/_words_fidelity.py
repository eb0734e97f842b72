"""What each fidelity score says: whether the rows look real."""

from __future__ import annotations

from mintmark.assess.report._wording import Words

__all__ = ["FIDELITY"]

FIDELITY = {
    "column_shapes": Words(
        "Single columns",
        "On average a column’s distribution agrees with the real one to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "pair_trends": Words(
        "Pairs of columns",
        "The relations between two columns agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "rules": Words(
        "Rows that hold the rules",
        "{p} of the synthetic rows hold every declared rule.",
        best="Of the real rows {c} do.",
    ),
    "missingness": Words(
        "Missing values",
        "The patterns of missing values agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "two_sample": Words(
        "Told apart by a classifier",
        "Shown one synthetic and one real row, a strong classifier told which is which {p} of the time; "
        "50\u00a0% is guessing.",
    ),
    "discriminator": Words(
        "Told apart by the model’s own discriminator",
        "Shown one unseen real and one synthetic row, the discriminator that the model learnt against called "
        "the real one real {p} of the time; 50\u00a0% is guessing. In-sample: it learnt together with the "
        "generator and on the training rows, so that only a figure far from 50\u00a0% says something. The "
        "fresh classifier counts.",
        ceiling="training rows",
    ),
    "missingness.worst": Words(
        "Missing values, worst column",
        "The share of missing values agrees with the real one to {p} in the column that is farthest off.",
        best="Fresh real rows reach {c}.",
    ),
    "missingness.pattern": Words(
        "Missing together",
        "Which columns are missing together agrees with the real rows to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "distinctness": Words(
        "Different rows",
        "{p} of the synthetic rows differ from one another; a low share means a few rows were repeated.",
        best="Among as many real rows {c} do.",
    ),
    "distinctness.coverage": Words(
        "Values that occur",
        "{p} of the values that should be met in so many rows occur; a low share means collapse.",
        best="Fresh real rows reach {c}.",
    ),
    "mutual_information": Words(
        "What columns tell of each other",
        "How much one column tells of another agrees with the real rows to {p}, over all pairs.",
        best="Fresh real rows reach {c}.",
    ),
    "triples": Words(
        "Three columns at a time",
        "The shares of the combinations of three columns agree with the real ones to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "energy": Words(
        "Distance of the tables",
        "As clouds of points the synthetic and the real rows are {v} apart; 0 is none at all, 1 the most "
        "there can be.",
    ),
    "energy.mmd": Words(
        "Distance of the tables, near neighbours",
        "Looked at from near by, the two clouds of rows are {v} apart; 0 is none at all.",
    ),
    "propensity": Words(
        "Told apart by a tree",
        "A decision tree tells synthetic from real rows {v} times as well as it tells real from real; 1 is "
        "no better.",
    ),
    "propensity.main": Words(
        "Told apart column by column",
        "A model that looks at columns one at a time tells synthetic from real rows {v} times as well as "
        "real from real; 1 is no better.",
    ),
    "precision_recall.alpha_precision": Words(
        "Typical rows stay typical",
        "The synthetic rows lie as near to the middle of the real ones, and as far out, to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "precision_recall.beta_recall": Words(
        "The variety of the real rows",
        "Real rows of every kind, common and odd, have a synthetic row near them to {p}.",
        best="Fresh real rows reach {c}.",
    ),
    "precision_recall.density": Words(
        "Density",
        "Synthetic rows lie {v} times as dense among the real rows as real ones do; below 1 many lie where "
        "no real row is.",
        best="Fresh real rows reach {cv}.",
    ),
    "precision_recall.coverage": Words(
        "Real rows covered",
        "{p} of the real rows have a synthetic row among their near neighbours.",
        best="With fresh real rows {c} do.",
    ),
    "precision_recall.authenticity": Words(
        "New rows",
        "{p} of the synthetic rows are further from their nearest training row than real rows are from one "
        "another; a share below that of fresh real rows hints at copying.",
        best="Of fresh real rows {c} are.",
        floor="copy of train",
    ),
    "memorisation.two_sample": Words(
        "Nearer to train, by a classifier",
        "A classifier tells synthetic rows from unseen real ones {v} better, in area, than from training "
        "rows; 0 is no difference.",
        ceiling="no difference",
        floor="copy of train",
    ),
    "memorisation.density": Words(
        "Nearer to train, by neighbours",
        "A synthetic row falls among {v} more training rows than among unseen real ones; 0 is no difference.",
        ceiling="no difference",
        floor="copy of train",
    ),
    "out_of_distribution.purity": Words(
        "Added rows among their class",
        "Most unseen real neighbours of {p} of the added rows are of their class.",
        best="Of real rows of the class {c} have such neighbours.",
        ceiling="real rows of the class",
    ),
    "out_of_distribution.conformal": Words(
        "Added rows where no real row is",
        "{p} of the added rows are too far from unseen real rows of their class to be of it.",
        best="Of real rows of the class the same test would reject {c}.",
        ceiling="real rows of the class",
    ),
    "out_of_distribution.majority_overlap": Words(
        "Added rows on rows of other classes",
        "{p} of the added rows are nearer to an unseen real row of another class than to any of theirs.",
        best="Of unseen real rows of the class {c} are.",
        ceiling="unseen rows of the class",
    ),
    "modes": Words(
        "Rarest kinds of rows",
        "The class, category or range that is most under-represented occurs {p} as often as in the real "
        "rows; near 0 a whole kind of row is missing.",
        best="Among fresh real rows the same figure is {c}.",
        floor="one kind missing",
    ),
    "autocorrelation": Words(
        "Memory of a number",
        "How a number hangs on its own past agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "autocorrelation.partial": Words(
        "Memory of a number, step by step",
        "What each earlier step adds to the memory of a number agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "cross_correlation": Words(
        "Numbers that follow each other",
        "How one number follows another over time agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "spectrum": Words(
        "Rhythms",
        "How fast and slow changes share a number’s movement agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "transitions": Words(
        "States that follow each other",
        "Which category follows which agrees with the real sequences to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "inter_event_times": Words(
        "Time between rows",
        "The times from one row of a sequence to the next agree with the real ones to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "sequence_length": Words(
        "Rows of a sequence",
        "The numbers of rows of the sequences agree with the real ones to {p}.",
        best="Fresh real sequences reach {c}.",
    ),
    "sequence_coverage": Words(
        "Real behaviour that occurs",
        "{p} of the pieces of unseen real sequences lie as near to a synthetic piece as to another real one; "
        "50\u00a0% is as good as real, a low share means that kinds of sequences are missing.",
    ),
    "sequence_coverage.distinct": Words(
        "Different sequences",
        "On average {p} of a synthetic sequence’s pieces occur in no other; a low share means that a few "
        "sequences were repeated.",
        best="Among real sequences {c} do.",
    ),
    "discriminative_score": Words(
        "Sequences told apart by a classifier",
        "Shown one synthetic and one real sequence, a strong classifier told which is which {p} of the time; "
        "50\u00a0% is guessing.",
    ),
    "children_per_parent": Words(
        "Children per parent",
        "How many rows belong to one parent agrees with the real tables to {p}, in the worst of the keys.",
        best="Fresh real parents reach {c}.",
    ),
    "referential_integrity": Words(
        "References that lead somewhere",
        "{p} of the references from one synthetic table to another name a row that exists, in the "
        "worst of the keys.",
        ceiling="real rows",
        best="Among real rows {c} do.",
    ),
    "parent_child_pairs": Words(
        "Parents and their children",
        "How columns of a parent hang together with columns of its children agrees with the real tables to "
        "{p}, in the worst of the keys.",
        best="Fresh real rows reach {c}.",
    ),
}
