"""Fits and scores of buying till you die, on userops and on lifetimes 0.11.3, in one process, answers compared first.

    cargo xtask wheel
    python3 -m venv target/btyd-venv
    target/btyd-venv/bin/pip install lifetimes==0.11.3 'numpy==2.4.*' 'pandas==2.3.*' target/wheels/userops-*.whl
    target/btyd-venv/bin/python benches/peers/btyd.py

Prints a row per job: the least time of each of several repetitions, and their ratio. Fits of lifetimes on many rows take
minutes: `--rows 0` leaves them out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import lifetimes
import numpy as np
import userops as uo

SAMPLE = Path(__file__).parents[2] / "testdata" / "golden" / "cdnow_sample.txt"
END = date(1997, 9, 30)
FITTERS = {
    "bg_nbd": lifetimes.BetaGeoFitter,
    "mbg_nbd": lifetimes.ModifiedBetaGeoFitter,
    "pareto_nbd": lifetimes.ParetoNBDFitter,
}


def cdnow() -> dict[str, np.ndarray]:
    """The 2,357 customers of the sample in weeks, as of the end of September 1997."""
    days: dict[str, set[date]] = {}
    for line in SAMPLE.read_text().splitlines():
        _, customer, day, *_ = line.split()
        days.setdefault(customer, set()).add(date(int(day[:4]), int(day[4:6]), int(day[6:])))
    seen = [sorted(day for day in days[customer] if day <= END) for customer in sorted(days)]
    return {
        "x": np.array([len(own) - 1 for own in seen]),
        "t_x": np.array([(own[-1] - own[0]).days / 7 for own in seen]),
        "T": np.array([(END - own[0]).days / 7 for own in seen]),
    }


def least(repeat: int, job: Callable[[], Any]) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def table(columns: dict[str, np.ndarray]) -> uo.Table:
    return uo.Table({name: values.tolist() for name, values in columns.items()})


def compare(job: str, ours: float, theirs: float) -> None:
    print(f"| {job} | {ours * 1e3:,.2f} | {theirs * 1e3:,.1f} | {theirs / ours:,.0f} |", flush=True)


def fits(name: str, columns: dict[str, np.ndarray], repeat: int) -> None:
    kinds: Any = list(FITTERS)
    ready = table(columns)
    for kind in kinds:
        fitter = FITTERS[kind]()
        theirs = least(1 if len(ready) > 10_000 else repeat, lambda: fitter.fit(columns["x"], columns["t_x"], columns["T"]))  # noqa: B023
        ours = least(repeat, lambda: uo.fit_btyd(ready, model=kind))  # noqa: B023
        found = uo.fit_btyd(ready, model=kind).model.parameters
        for parameter, value in found.items():
            assert abs(fitter.params_[parameter] / value - 1) < 1e-2, (kind, parameter, value, fitter.params_)
        compare(f"fit {kind}, {name}", ours, theirs)


def scores(columns: dict[str, np.ndarray], repeat: int) -> None:
    small = cdnow()
    ready = table(columns)
    x, t_x, age = columns["x"], columns["t_x"], columns["T"]
    for kind in ("bg_nbd", "pareto_nbd"):
        fitter = FITTERS[kind]()
        fitter.fit(small["x"], small["t_x"], small["T"])
        model = uo.fit_btyd(table(small), model=kind).model

        def theirs() -> Any:
            alive = fitter.conditional_probability_alive(x, t_x, age)  # noqa: B023
            return alive, fitter.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age)  # noqa: B023

        ours = least(repeat, lambda: model.score(ready, horizon=39))  # noqa: B023
        taken = least(min(repeat, 3), theirs)
        found = model.score(ready, horizon=39)["expected_purchases"]
        expected = np.asarray(theirs()[1])
        assert np.allclose(np.array(found), expected, rtol=1e-2, equal_nan=True), kind
        compare(f"score {kind}, {len(x):,} rows", ours, taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--reps", type=int, default=7)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| job | userops ms | lifetimes ms | ratio |\n| --- | --- | --- | --- |")
    small = cdnow()
    fits(f"{len(small['x']):,} customers", small, asked.reps)
    if asked.rows:
        drawn = np.random.default_rng(1).integers(0, len(small["x"]), asked.rows)
        large = {name: values[drawn] for name, values in small.items()}
        scores(large, asked.reps)
        fits(f"{asked.rows:,} rows", large, 3)


if __name__ == "__main__":
    main()
