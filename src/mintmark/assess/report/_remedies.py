"""What to do about a rule that failed, by the score it bears on; by its family where none is known."""

from __future__ import annotations

__all__ = ["remedy"]

_REMEDIES = {
    "column_shapes": "Look below which columns differ most; declare their kind and bounds, and fit again.",
    "pair_trends": "Use a method that models columns together, or give it more rows or smaller leaves.",
    "two_sample": "See below which columns give the rows away, and mend those first.",
    "distinctness": "Draw fresh rows instead of repeating some, or use a method that does not collapse.",
    "modes": "Train longer or on more rows of the missing class, or ask for it with a condition.",
    "out_of_distribution": "Use lee or smote_ipf, clean the new rows, or declare the rule that they break.",
    "rules": "Add the rules to the schema, so that rows which break them are drawn again.",
    "tstr": "Use a method that models columns together, or give it more rows; look at the target.",
    "copies": "Let the method memorise less (larger leaves, fewer epochs), and mix in no real rows.",
    "image_distance": "Look at the pictures below for what is off; train longer, or on more of them.",
    "image_precision_recall": "Train longer or on more pictures of the kinds that are missing.",
    "image_diversity": "Draw fresh pictures, and none again, or use a method that does not collapse.",
    "image_sharpness": "Train longer, or give the method more room for detail.",
    "image_copies": "Let the method memorise less (fewer epochs, more pictures), and mix in no real ones.",
    "gan_train_test": "Train longer on more pictures of each class, and see whether labels fit below.",
    "unique_values": "Round such a column, declare it a key or personal, or leave it out.",
    "unique_pairs": "Let the method memorise less, or round the columns that are named.",
    "real_identifiers": "Declare the column personal, so that surrogates take its place.",
    "personal_data": "Take addresses and numbers out of the texts, or leave the column out.",
    "verbatim_spans": "Leave the text column out, or use a method that does not recite.",
    "membership": "Let the method memorise less, give it more rows, or add a formal guarantee.",
    "shadow": "Let the method memorise less, give it more rows, or add a formal guarantee.",
    "formal_guarantee": "Release to named recipients under a policy for them, or use a method with a proof.",
}
_BY_FAMILY = {
    "fidelity": "Use a method that keeps more of the real rows' relations, or give it more rows.",
    "utility": "Use a method that keeps more of what the work needs, or give it more rows.",
    "privacy": "Let the method memorise less, leave out what singles people out, or release to fewer.",
}


def remedy(metric: str, family: str) -> str:
    """One sentence; empty where there is none to give."""
    return _REMEDIES.get(metric.partition(".")[0]) or _BY_FAMILY.get(family, "")
