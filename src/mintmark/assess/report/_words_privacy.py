"""What each privacy score says: whether the rows give people away."""

from __future__ import annotations

from mintmark.assess.report._wording import Words

__all__ = ["PRIVACY"]

PRIVACY = {
    "copies.exact": Words(
        "Exact copies",
        "{p} of the synthetic rows equal a training row.",
        best="Of as many real rows it never met, {c} are met so by chance.",
    ),
    "copies.near": Words(
        "Near copies",
        "{p} of the synthetic rows almost equal a training row.",
        best="Of as many real rows it never met, {c} are met so by chance.",
    ),
    "copies.excess": Words(
        "Exact copies beyond chance",
        "Exact copies of training rows, less those of as many real rows it never met: {p} of the rows. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "copies.near_excess": Words(
        "Near copies beyond chance",
        "Near copies of training rows, less those of as many real rows it never met: {p} of the rows. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "copies.rare": Words(
        "Rare rows copied",
        "{p} of the synthetic rows equal a training row that is like nobody else's.",
        best="Of as many real rows it never met, {c} are met so by chance.",
    ),
    "copies.rare_excess": Words(
        "Rare rows copied beyond chance",
        "Copies of training rows like nobody else's, less those of as many real rows it never met: {p} of "
        "the rows. Above 0 the method copied those who stand out.",
        ceiling="chance",
    ),
    "copies.holdout": Words(
        "Copies of held-out rows",
        "{p} of the synthetic rows equal a held-out real row, which the method should never have met.",
        best="Of as many training rows, {c} are met so.",
    ),
    "copies.holdout_excess": Words(
        "Copies of held-out rows beyond chance",
        "Copies of held-out rows, less those of as many training rows: {p} of the rows. "
        "Above 0 real people who were not to be used come out, and no figure of utility means anything.",
        ceiling="chance",
    ),
    "copies.holdout_near": Words(
        "Near copies of held-out rows",
        "{p} of the synthetic rows almost equal a held-out real row, which the method should never have met.",
        best="Of as many training rows, {c} are met so.",
    ),
    "copies.holdout_near_excess": Words(
        "Near copies of held-out rows beyond chance",
        "Near copies of held-out rows, less those of as many training rows: {p} of the rows. Above 0 real "
        "people who were not to be used come out.",
        ceiling="chance",
    ),
    "exposed": Words(
        "People who stand out",
        "Of the training people who are least like anyone else, {p} lie closer to a synthetic row than "
        "held-out people just as rare do. Above 0 those who stand out are exposed.",
        ceiling="chance",
    ),
    "real_identifiers": Words(
        "Real names, numbers and keys",
        "{p} of the synthetic names, e-mails, numbers and keys belong to a person of the training data.",
        ceiling="none",
    ),
    "real_identifiers.holdout": Words(
        "Identifiers met by chance",
        "{p} of the synthetic names, e-mails, numbers and keys belong to a real person who was not in the "
        "training data.",
        ceiling="none",
    ),
    "unique_values": Words(
        "Unique real values used again",
        "Beyond what chance brings, {p} of the training people have a value that nobody else has turn up "
        "again. Above 0 the method hands values on.",
        ceiling="chance",
    ),
    "unique_values.worst": Words(
        "Unique real values, worst column",
        "In the column that hands on most, {p} of the values that one single training person holds turn up "
        "again beyond what chance brings.",
        ceiling="chance",
    ),
    "unique_pairs": Words(
        "Two facts that fit one person",
        "In the pair of columns that hands on most, {p} of the pairs of values that one single training "
        "person holds turn up together beyond what chance brings.",
        ceiling="chance",
    ),
    "personal_data": Words(
        "Real addresses and numbers in texts",
        "{p} of the synthetic rows show, inside a text or a label, an e-mail address, a telephone, card or "
        "account number or an id of a person in the training data.",
        ceiling="none",
    ),
    "personal_data.found": Words(
        "Addresses and numbers in texts, real or not",
        "{p} of the synthetic rows hold something like that; declare such a column personal, and surrogates "
        "take its place.",
        best="Of fresh real rows {c} do.",
    ),
    "verbatim_spans": Words(
        "Sentences that come out word for word",
        "Beyond what chance brings, {p} of the training people who wrote eight words that nobody else did "
        "have them turn up again. Above 0 the method recites.",
        ceiling="chance",
    ),
    "membership.auc": Words(
        "Membership attack",
        "Shown one person from the training data and one who was not in it, an attacker who holds both "
        "records and the synthetic table picked the right one {p} of the time; 50\u00a0% is guessing.",
        ceiling="guessing",
    ),
    "membership.tpr": Words(
        "Membership attack, surest guesses",
        "At 1\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "membership.tpr01": Words(
        "Membership attack, very surest guesses",
        "At 0.1\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "membership.tpr10": Words(
        "Membership attack, sure guesses",
        "At 10\u00a0% false alarms the attacker found {p} of the people in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "likelihood_gap": Words(
        "Likelihood, training over unseen rows",
        "The model finds training rows likelier than unseen real ones by {v} in the logarithm; 0 is no "
        "difference. It says whether the model learnt rows by heart, and concerns whoever gets the model: "
        "the released rows may leak less, or more.",
        ceiling="no difference",
    ),
    "likelihood_gap.auc": Words(
        "Membership by the model’s likelihood",
        "Whoever holds the model, and is shown one training row and one unseen row, picked the training row "
        "by its likelihood {p} of the time; 50\u00a0% is guessing. The released rows alone do not allow "
        "this.",
        ceiling="guessing",
        floor="learnt by heart",
    ),
    "shadow.exposed": Words(
        "People who stand out, method known",
        "An attacker who can run the method again, with and without one of the people least like anyone "
        "else, told the rows made with that person from those made without {p} of the time; 50\u00a0% is "
        "guessing.",
        ceiling="guessing",
    ),
    "shadow.auc": Words(
        "Membership attack, method known",
        "Shown two people like nobody else, one from the training data and one not, an attacker who can run "
        "the method again picked the right one {p} of the time; 50\u00a0% is guessing.",
        ceiling="guessing",
    ),
    "shadow.tpr": Words(
        "Membership attack, method known, sure guesses",
        "At 10\u00a0% false alarms the attacker who can run the method again found {p} of those training "
        "people who are least like anyone else.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "singling_out.univariate": Words(
        "Singled out by one value",
        "Guesses “exactly one person has this value”, read off the synthetic rows, are right of the training "
        "people {p} more often than of strangers. Above 0 people can be picked out.",
        ceiling="chance",
    ),
    "singling_out.multivariate": Words(
        "Singled out by several values",
        "Guesses “exactly one person is like this”, read off the synthetic rows over several columns, are "
        "right of the training people {p} more often than of strangers. Above 0 people can be picked out.",
        ceiling="chance",
    ),
    "linkability": Words(
        "Linked records",
        "Two parties who each know half of a person's record link the halves through the synthetic rows {p} "
        "more often for training people than for strangers.",
        ceiling="chance",
    ),
    "inference.worst": Words(
        "Secrets inferred, worst column",
        "An attacker who knows the rest of a record guesses the column that leaks most {p} more often right "
        "of training people than of strangers.",
        ceiling="chance",
    ),
    "inference.mean": Words(
        "Secrets inferred, on average",
        "An attacker who knows the rest of a record guesses the missing value {p} more often right of "
        "training people than of strangers.",
        ceiling="chance",
    ),
    "reidentification": Words(
        "Found by what is known of them",
        "Matching the declared quasi-identifiers finds the right person, and a secret of theirs, {p} more "
        "often among training people than among strangers.",
        ceiling="chance",
    ),
    "reidentification.k_map": Words(
        "Alike in the population",
        "At least {v} people of the population share the quasi-identifiers of any row.",
    ),
    "anonymity.k": Words(
        "Smallest class of the file (k)",
        "At least {v} synthetic rows share their quasi-identifiers. For information: no synthetic row is a "
        "person, so this neither protects nor exposes anybody.",
        ceiling="held-out rows",
    ),
    "anonymity.l": Words(
        "Fewest values in a class (l)",
        "Synthetic rows that share their quasi-identifiers show at least {v} different sensitive values. For "
        "information, as k.",
        ceiling="held-out rows",
    ),
    "anonymity.t": Words(
        "Farthest class from the file (t)",
        "The sensitive values of rows that share their quasi-identifiers differ from the whole file's by at "
        "most {v} (0 none, 1 all). For information, as k.",
        ceiling="held-out rows",
    ),
    "closest_record": Words(
        "Nearest real record",
        "{p} of the synthetic rows lie nearer to a training row than to a held-out one; 50\u00a0% is chance. "
        "A smoke test only: passing it proves nothing.",
        ceiling="chance",
    ),
    "family_copies.exact": Words(
        "Copied families",
        "{p} of the synthetic families (a parent with everything that belongs to it) equal one of the "
        "training data.",
        best="Of fresh real families, {c} do so by chance.",
    ),
    "family_copies.near": Words(
        "Nearly copied families",
        "{p} of the synthetic families almost equal one of the training data.",
        best="Of fresh real families, {c} do so by chance.",
    ),
    "family_copies.excess": Words(
        "Copied families beyond chance",
        "Families that equal one of the training data, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "family_copies.near_excess": Words(
        "Nearly copied families beyond chance",
        "Families that almost equal one of the training data, less those that fresh real ones show by "
        "chance: {p}. Above 0 the method copied.",
        ceiling="chance",
    ),
    "family_copies.holdout": Words(
        "Copies of held-out families",
        "{p} of the synthetic families equal a held-out one, which the method must never have seen.",
        best="Of training families, {c} do so by chance.",
    ),
    "family_copies.holdout_excess": Words(
        "Copies of held-out families beyond chance",
        "Families that equal one of the held-out data, less those that training ones show by chance: {p}. "
        "Above 0 real people who were not to be used come out.",
        ceiling="chance",
    ),
    "window_copies.exact": Words(
        "Copied pieces",
        "{p} of the synthetic sequences hold a piece that equals one of a training sequence.",
        best="Of fresh real sequences, {c} do so by chance.",
    ),
    "window_copies.near": Words(
        "Nearly copied pieces",
        "{p} of the synthetic sequences hold a piece that almost equals one of a training sequence.",
        best="Of fresh real sequences, {c} do so by chance.",
    ),
    "window_copies.excess": Words(
        "Copied pieces beyond chance",
        "Sequences with a copied piece, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "window_copies.near_excess": Words(
        "Nearly copied pieces beyond chance",
        "Sequences with a nearly copied piece, less those that fresh real ones show by chance: {p}. "
        "Above 0 the method copied.",
        ceiling="chance",
    ),
    "window_copies.holdout": Words(
        "Copies of held-out pieces",
        "{p} of the synthetic sequences hold a piece of a held-out sequence, which the method "
        "must never have seen.",
        best="Of training sequences, {c} do so by chance.",
    ),
    "window_copies.holdout_excess": Words(
        "Copies of held-out pieces beyond chance",
        "Sequences with a piece of a held-out one, less those that training ones show by chance: {p}. "
        "Above 0 real people who were not to be used come out, and no figure of utility means anything.",
        ceiling="chance",
    ),
    "nearest_windows": Words(
        "Nearest real piece",
        "{p} of the pieces of synthetic sequences lie nearer to a training sequence than to a held-out one; "
        "50\u00a0% is chance. A smoke test only: passing it proves nothing.",
        ceiling="chance",
    ),
    "sequence_membership.auc": Words(
        "Membership attack on sequences",
        "Shown one sequence from the training data and one that was not in it, an attacker who holds both "
        "and the synthetic ones picked the right one {p} of the time; 50\u00a0% is guessing.",
        ceiling="guessing",
    ),
    "sequence_membership.tpr": Words(
        "Membership attack on sequences, surest guesses",
        "At 1\u00a0% false alarms the attacker found {p} of the persons in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
    "sequence_membership.tpr10": Words(
        "Membership attack on sequences, sure guesses",
        "At 10\u00a0% false alarms the attacker found {p} of the persons in the training data.",
        ceiling="guessing",
        best="Guessing finds {c}.",
    ),
}
