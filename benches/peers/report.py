"""What a child process measured, as a line of progress and as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median


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
    "Preparing is reading Parquet into the warm layout, once.",
    "Memory is the peak of the process in MiB.",
    "Others is the share of the CPU time that other programs took: on a busy machine times are",
    "too long.",
)


def progress(run: Run) -> str:
    result = run.error or f"{times(run)} ms, {mebibytes(run)} MiB, others {foreign(run)}"
    return f"{run.workload} {run.program} {run.layout}: {result}"


def times(run: Run) -> str:
    return f"{min(run.reps_ms):,.1f} / {median(run.reps_ms):,.1f}"


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
    """One row per workload; the ratio is that of the minima, above 1 where userops is faster."""
    lines = table_head(
        ("workload", "best peer", "layout", "peer ms", "userops ms", "ratio", "peer MiB")
        + ("userops MiB", "answers equal")
    )
    for workload in dict.fromkeys(run.workload for run in runs):
        of_workload = [run for run in runs if run.workload == workload]
        peers = [run for run in of_workload if run.program != ours and run.correct]
        own = next((run for run in of_workload if run.program == ours), None)
        if not peers:
            lines.append(table_row([workload, "none", *["–"] * 7]))
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
                    "yes" if all(run.correct for run in of_workload) else "no",
                ]
            )
        )
    return lines


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
