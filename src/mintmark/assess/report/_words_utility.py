"""What each utility score says: whether work on the rows carries over."""

from __future__ import annotations

from mintmark.assess.report._wording import Words

__all__ = ["UTILITY"]

UTILITY = {
    "tstr": Words(
        "Trained on synthetic, tested on real",
        "A model trained on synthetic rows scores {v} on real rows it has never seen.",
        ceiling="trained on real rows",
        best="Trained on as many real rows it scores {cv}.",
    ),
    "tstr.gap": Words(
        "Lost by training on synthetic",
        "Training on synthetic instead of real rows changes the score on real rows by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.linear_gap": Words(
        "Lost by training on synthetic, linear model",
        "With a linear model, training on synthetic instead of real rows changes the score by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.trts": Words(
        "Trained on real, tested on synthetic",
        "A model trained on real rows scores {v} on the synthetic ones. "
        "Far above the score on real rows, it hints at rows that are too easy.",
        ceiling="tested on real rows",
    ),
    "tstr.trts_excess": Words(
        "Easier than real rows",
        "The model of real rows scores {v} better on the synthetic rows than on unseen real ones. Above 0 "
        "the synthetic rows are copies or too easy.",
        ceiling="as hard as real rows",
    ),
    "tstr.brier_gap": Words(
        "Probabilities worsened",
        "Training on synthetic instead of real rows makes the squared error of predicted probabilities "
        "larger by {v}; 0 means that they are as trustworthy.",
        ceiling="nothing lost",
    ),
    "tstr.worst_group": Words(
        "Lost in the worst subgroup",
        "In the group of people for whom it matters most, training on synthetic instead of real rows lowers "
        "the score by {v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "tstr.worst_class": Words(
        "Lost on the worst class",
        "For the class that is learnt worst, training on synthetic instead of real rows lowers the score by "
        "{v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "model_ranking": Words(
        "Models in the same order",
        "Ranked on synthetic rows, models come in an order that agrees with the one on real rows by {v}, "
        "where 1 is the same order and 0 chance.",
        ceiling="ranked on other real rows",
    ),
    "model_ranking.regret": Words(
        "Lost by choosing the model on synthetic rows",
        "The model that looks best on synthetic rows scores {v} less on real ones than the truly best; 0 "
        "means the right one was chosen.",
        ceiling="chosen on real rows",
    ),
    "model_ranking.importance": Words(
        "The same columns matter",
        "How much each column matters to a model of synthetic rows agrees with a model of real rows by {v}, "
        "where 1 is the same and 0 chance.",
        ceiling="models of real rows",
    ),
    "augmentation": Words(
        "Gained by adding synthetic rows",
        "Added to the real training rows, the synthetic ones change the score on real rows by {v}.",
        ceiling="real rows doubled",
    ),
    "augmentation.labels": Words(
        "Worth in real rows",
        "A model of the synthetic rows alone does as well as one of {v} real rows.",
        ceiling="all training rows",
        best="The training table has {cv}.",
    ),
    "augmentation.added_labels": Words(
        "Worth in real rows, when added",
        "Adding the synthetic rows to the training table helps as much as {v} more real rows would; below 0 "
        "they do harm.",
        ceiling="as good as real rows",
    ),
    "resampling.ap": Words(
        "Gained in average precision over what needs no new rows",
        "With the new rows added to the real ones the model gains {v} over the best of "
        "nothing added and classes weighed. At or below 0 resampling does not help.",
        ceiling="faultless",
    ),
    "resampling.auc": Words(
        "Gained in AUC over what needs no new rows",
        "With the new rows added to the real ones the model gains {v} over the best of "
        "nothing added and classes weighed. At or below 0 resampling does not help.",
        ceiling="faultless",
    ),
    "resampling.f1": Words(
        "Gained in F1 over what needs no new rows",
        "With the new rows added to the real ones the model gains {v} over the best of "
        "nothing added, classes weighed and threshold moved. At or below 0 resampling does not help.",
        ceiling="faultless",
    ),
    "resampling.brier": Words(
        "Error of predicted chances, added",
        "With the new rows added, the square error of predicted chances grows by {v}.",
    ),
    "resampling.calibration": Words(
        "Calibration lost",
        "With the new rows added, predicted chances are further from what happens by {v} on average.",
    ),
    "queries": Words(
        "Counts of random questions",
        "Asked how many people have two or three properties, the synthetic rows are off by {p} of all people "
        "on average.",
        best="Fresh real rows are off by {c}.",
    ),
    "queries.coefficients": Words(
        "Regression coefficients",
        "The confidence intervals of regression coefficients from synthetic and from real rows overlap "
        "by {p}.",
        best="Those of fresh real rows overlap by {c}.",
    ),
    "fairness.parity": Words(
        "Protected groups, how often chosen",
        "How much oftener a model chooses one group than the others changes by up to {v} when it learns from "
        "synthetic rows; 0 means that nothing changes.",
        ceiling="nothing changed",
    ),
    "fairness.opportunity": Words(
        "Protected groups, how often found",
        "How much better a model finds the right people of one group than of the others changes by up to {v} "
        "when it learns from synthetic rows; 0 means that nothing changes.",
        ceiling="nothing changed",
    ),
    "survival.curve": Words(
        "Survival curve",
        "At any time the share of people still without the event is off by {p} on average.",
        best="Fresh real rows are off by {c}.",
    ),
    "survival.censoring": Words(
        "Censoring kept",
        "The share of people whose event was not observed is off by {p}.",
        best="Fresh real rows are off by {c}.",
    ),
    "survival.c_gap": Words(
        "Lost in ordering people by risk",
        "Learning from synthetic instead of real rows lowers how well a Cox model orders real people by risk "
        "by {v}; 0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "survival.brier_gap": Words(
        "Lost in predicted survival",
        "Learning from synthetic instead of real rows raises the squared error of predicted survival by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
    "survival.hazard_ratios": Words(
        "Hazard ratios",
        "The confidence intervals of hazard ratios from synthetic and from real rows overlap by {p}.",
        best="Those of fresh real rows overlap by {c}.",
    ),
    "predictive_score": Words(
        "Next step foreseen",
        "A model that learnt on synthetic sequences misses the next step of real ones by {v} of what naming "
        "a constant costs.",
        ceiling="learnt on real sequences",
        best="Learnt on real sequences it misses by {cv}.",
    ),
    "predictive_score.gap": Words(
        "Foresight lost",
        "Learning on synthetic instead of real sequences changes the error of the next step by {v}; "
        "0 means nothing is lost.",
        ceiling="nothing lost",
    ),
}
