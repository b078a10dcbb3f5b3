"""What a child process measured, as a line of progress and as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from workload import LOADS


@dataclass
class Run:
    """What one child process measured."""

    program: str
    workload: str
    layout: str
    prepare_ms: float = 0.0
    reps_ms: list[float] = field(default_factory=list)
    peak_rss_kb: int = 0
    foreign_ratio: float = 0.0
    correct: bool = False
    error: str = ""


LEGEND = (
    "Times are minimum / median in ms.",
    "Preparing is reading Parquet into the warm layout, and making the tags of algebra, once.",
    "Memory is the peak of the process in MiB.",
    "Others is the share of the CPU time that other programs took: on a busy machine times are",
    "too long.",
)


def progress(run: Run) -> str:
    result = run.error or f"{times(run)} ms, {mebibytes(run)} MiB, others {foreign(run)}"
    return f"{run.workload} {run.program} {run.layout}: {result}"


def times(run: Run) -> str:
    return f"{milliseconds(min(run.reps_ms))} / {milliseconds(median(run.reps_ms))}"


def milliseconds(ms: float) -> str:
    """With a decimal, or with three where there would be nothing but it."""
    return f"{ms:,.1f}" if ms >= 1 else f"{ms:.3f}"


def foreign(run: Run) -> str:
    return f"{run.foreign_ratio:.0%}"


def mebibytes(run: Run) -> str:
    return f"{run.peak_rss_kb / 1024:,.0f}"


def markdown(facts: dict, runs: list[Run], ours: str) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    summary = f"{facts['events']:,} events, {facts['reps']} repetitions, {facts['cores']} cores"
    lines = [
        f"{summary}; {versions}.",
        *LEGEND,
        "",
        "## Best peer against userops",
        "",
        *comparison(runs, ours),
        "",
        "## All runs",
        "",
        *all_runs(runs),
    ]
    return "\n".join(lines) + "\n"


def comparison(runs: list[Run], ours: str) -> list[str]:
    """One row per workload, and per layout of a load, which userops has one of.

    The ratio is that of the minima, above 1 where userops is faster.
    """
    lines = table_head(
        ("workload", "best peer", "layout", "peer ms", "userops ms", "ratio", "peer MiB")
        + ("userops MiB", "answers equal")
    )
    rows = dict.fromkeys((run.workload, row_layout(run)) for run in runs if run.program != ours)
    for workload, layout in rows:
        of_workload = [run for run in runs if run.workload == workload]
        own = next((run for run in of_workload if run.program == ours), None)
        of_row = [
            run for run in of_workload if run.program != ours and layout in ("", run.layout)
        ]
        peers = [run for run in of_row if run.correct]
        if not peers:
            lines.append(table_row([workload, "none", layout or "–", *["–"] * 6]))
            continue
        best = min(peers, key=lambda run: min(run.reps_ms))
        measured = own if own and own.correct else None
        lines.append(
            table_row(
                [
                    workload,
                    best.program,
                    best.layout,
                    times(best),
                    times(measured) if measured else "–",
                    f"{min(best.reps_ms) / min(measured.reps_ms):.2f}" if measured else "–",
                    mebibytes(best),
                    mebibytes(measured) if measured else "–",
                    "yes" if all(run.correct for run in of_row + ([own] if own else [])) else "no",
                ]
            )
        )
    return lines


def row_layout(run: Run) -> str:
    """The layout whose row a run belongs to; empty where all layouts share one."""
    return run.layout if run.workload in LOADS else ""


def all_runs(runs: Iterable[Run]) -> list[str]:
    lines = table_head(
        ("workload", "program", "layout", "prepare ms", "ms", "MiB", "others", "answer")
    )
    for run in runs:
        prepare = f"{run.prepare_ms:,.0f}" if run.prepare_ms else "–"
        cells = ["–"] * 4
        if run.reps_ms:
            cells = [prepare, times(run), mebibytes(run), foreign(run)]
        cells = [run.workload, run.program, run.layout, *cells, run.error or "equal"]
        lines.append(table_row(cells))
    return lines


def table_head(names: tuple[str, ...]) -> list[str]:
    return [table_row(names), table_row(["---"] * len(names))]


def table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
