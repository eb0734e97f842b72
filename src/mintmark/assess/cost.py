"""What rows cost: computing, memory, tokens, money and people's minutes, measured or declared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mintmark.errors import InputError, UnknownNameError

__all__ = ["COSTS", "check_cost"]

COSTS = {
    "cpu_seconds": "CPU seconds",
    "gpu_seconds": "GPU seconds",
    "peak_memory_bytes": "peak memory, bytes",
    "tokens": "tokens",
    "money": "money",
    "human_minutes": "minutes of people",
}
"""What can be counted, and how readers call it."""


def check_cost(cost: Mapping[str, Any]) -> dict[str, Any]:
    """The cost as plain JSON values.

    Parameters
    ----------
    cost : mapping
        Any of the keys of `COSTS`, each a number of 0 or more, and with ``money`` its ``currency``,
        three capitals as ISO 4217 has them.

    Raises
    ------
    UnknownNameError
        If a key is none of these.
    InputError
        If a value is no such number, or money has no currency.
    """
    if not isinstance(cost, Mapping):
        raise InputError(f"cost: {cost!r} is no mapping, such as {{'cpu_seconds': 12.5}}.")
    found: dict[str, Any] = {}
    for key, value in cost.items():
        if key == "currency":
            if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
                raise InputError(f"cost: currency {value!r} is no code of three capitals. Write 'EUR', say.")
            found[key] = value
            continue
        if key not in COSTS:
            raise UnknownNameError("key of cost", key, [*COSTS, "currency"])
        try:
            number = math.nan if isinstance(value, (bool, str)) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            raise InputError(f"cost: {key} must be a number of 0 or more, not {value!r}.")
        found[key] = int(number) if number == int(number) else number
    if ("money" in found) != ("currency" in found):
        raise InputError("cost: money and currency go together: {'money': 3.5, 'currency': 'EUR'}.")
    return found
