"""Three methods on one table, five seeds each: which ranks best, and whose lead is more than luck?"""

from pathlib import Path

import mintmark as mm
from mintmark.assess.frontier import frontier
from mintmark.run.compare import write_comparison

METHODS = ("independent", "gaussian_copula", "sequential_trees")

adult = Path(mm.__file__).parent / "examples" / "adult.parquet"
real = mm.read(adult, target="income")[:3_000]

comparison = mm.compare(METHODS, {"adult": real}, seeds=5)
print(comparison)

front = frontier(comparison, at=0.9)
print(f"\nAt nine tenths of real utility the least attack advantage is {front.risk_at:.2f},")
low, high = front.risk_at_interval
print(f"over seeds {low:.2f} to {high:.2f}.")

write_comparison(comparison, "comparison")
print("comparison/comparison.html shows it.")
