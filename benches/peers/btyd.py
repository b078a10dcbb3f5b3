"""Fits and scores of buying till you die, on userops and on lifetimes 0.11.3, in one process, answers compared first.

    cargo xtask wheel
    python3 -m venv target/btyd-venv
    target/btyd-venv/bin/pip install lifetimes==0.11.3 'numpy==2.4.*' 'pandas==2.3.*' target/wheels/userops-*.whl
    target/btyd-venv/bin/python benches/peers/btyd.py

Prints a row per job: the least time of each of several repetitions, and their ratio; where answers differ by more than a
hundredth, a line says so. Inputs of many rows are three: rows drawn from CDNOW's, customers drawn from the fitted BG/NBD
with times in whole days, and the same with continuous times; `--rows 0` leaves them out. Fits of lifetimes on many rows
are run once; those of Pareto/NBD take many minutes, and are run with `--slow` alone.
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
    print(f"| {job} | {ours * 1e3:,.2f} | {theirs * 1e3:,.1f} | {theirs / ours:,.1f} |", flush=True)


def inputs(rows: int) -> dict[str, dict[str, np.ndarray]]:
    """Many customers: drawn from the sample's rows, or from the model in whole days or in continuous time."""
    small = cdnow()
    random = np.random.default_rng(1)
    drawn = random.integers(0, len(small["x"]), rows)
    observed = uo.Table({"T": random.uniform(27, 39, rows).tolist()})
    simulated = uo.fit_btyd(table(small), model="bg_nbd").model.simulate(observed, seed=1)
    continuous = {name: np.array(simulated[name]) for name in ("x", "t_x", "T")}
    days = {name: np.ceil(continuous[name] * 7) / 7 for name in ("t_x", "T")}
    return {
        "drawn": {name: values[drawn] for name, values in small.items()},
        "whole days": {"x": continuous["x"], **days},
        "continuous": continuous,
    }


def fits(name: str, columns: dict[str, np.ndarray], repeat: int, alone: tuple[str, ...] = ()) -> None:
    """Fits of both, and of userops alone where those of lifetimes take too long."""
    kinds: Any = list(FITTERS)
    ready = table(columns)
    for kind in kinds:
        ours = least(repeat, lambda: uo.fit_btyd(ready, model=kind))  # noqa: B023
        if kind in alone:
            print(f"| fit {kind}, {name} | {ours * 1e3:,.2f} | | |", flush=True)
            continue
        fitter, history = FITTERS[kind](), [columns[column] for column in ("x", "t_x", "T")]
        theirs = least(1 if len(ready) > 10_000 else repeat, lambda: fitter.fit(*history))  # noqa: B023
        found = uo.fit_btyd(ready, model=kind)
        for parameter, value in found.model.parameters.items():
            if abs(fitter.params_[parameter] / value - 1) > 1e-2:
                print(f"differs: {parameter} is {value} here, {fitter.params_[parameter]} there", flush=True)
        compare(f"fit {kind}, {name}", ours, theirs)


def scores(name: str, columns: dict[str, np.ndarray], repeat: int) -> None:
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
        found = np.array(model.score(ready, horizon=39)["expected_purchases"])
        expected = np.asarray(theirs()[1])
        # The closed form of lifetimes is no number for some.
        told = np.isfinite(expected)
        apart = ~np.isclose(found, expected, rtol=1e-2) & told
        if apart.any() or not told.all():
            print(f"differs: {apart.sum():,} are further apart, {(~told).sum():,} are no number there", flush=True)
        compare(f"score {kind}, {len(x):,} rows, {name}", ours, taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--reps", type=int, default=7)
    parser.add_argument("--only", choices=["sample", "scores", "fits", "all"], default="all")
    parser.add_argument("--slow", action="store_true", help="fit Pareto/NBD of lifetimes to many rows too")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| job | userops ms | lifetimes ms | ratio |\n| --- | --- | --- | --- |")
    small = cdnow()
    if asked.only in ("sample", "all"):
        fits(f"{len(small['x']):,} customers", small, asked.reps)
    many = inputs(asked.rows) if asked.rows and asked.only != "sample" else {}
    if asked.only in ("scores", "all"):
        for name, columns in many.items():
            scores(name, columns, asked.reps)
    if asked.only in ("fits", "all"):
        for name, columns in many.items():
            fits(f"{asked.rows:,} rows, {name}", columns, 3, () if asked.slow else ("pareto_nbd",))


if __name__ == "__main__":
    main()
