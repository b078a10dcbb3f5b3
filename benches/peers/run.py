"""Runs every workload on every peer and on userops, and compares times, memory and answers.

    python run.py [--events N] [--reps R] [--data DIR] [--target DIR] [--only WORKLOAD,...]
                  [--skip-userops]

README.md defines the workloads and the protocol. The result goes to TARGET/peers/result.json and
TARGET/peers/result.md. The exit code is 1 when a program failed or an answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from child import LOADS_ONLY, PEERS
from report import Run, markdown, progress
from workload import LOADS, WORKLOADS, Log, layouts, user_column

HERE = Path(__file__).resolve().parent
OURS = "userops"
TIMEOUT_S = 1800


def main() -> int:
    arguments = parse_arguments()
    log = Log(arguments.data, arguments.n)
    reference = run_reference(log, arguments.only)
    runs = []
    for workload in arguments.only:
        for run, command in commands(workload, log, arguments):
            execute(run, command, reference[workload])
            print(progress(run), file=sys.stderr, flush=True)
            runs.append(run)

    facts = {
        "events": arguments.n,
        "reps": arguments.reps,
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in PEERS},
    }
    text = markdown(facts, runs, OURS)
    out = arguments.target / "peers"
    out.mkdir(parents=True, exist_ok=True)
    result = {**facts, "runs": [asdict(run) for run in runs]}
    (out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "result.md").write_text(text)
    print(text)
    return 0 if all(run.correct for run in runs) else 1


def parse_arguments() -> argparse.Namespace:
    root = HERE.parent.parent
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", "--n", dest="n", type=int, default=10_000_000)
    parser.add_argument("--reps", type=int, default=7, help="repetitions of each workload")
    parser.add_argument("--data", type=Path, help="folder of the log (TARGET/peers/data)")
    parser.add_argument("--target", type=Path, default=target, help="cargo's target folder")
    parser.add_argument("--only", default=",".join(WORKLOADS), help="workloads, comma-separated")
    parser.add_argument("--skip-userops", action="store_true", help="run the peers alone")
    arguments = parser.parse_args()
    arguments.data = arguments.data or arguments.target / "peers" / "data"
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(WORKLOADS):
        parser.error(f"no workload {sorted(unknown)}; there are {', '.join(WORKLOADS)}")
    log = Log(arguments.data, arguments.n)
    # The reference always reads Parquet.
    for file in sorted({log.parquet, *map(log.file_of, arguments.only)}):
        if not file.exists():
            parser.error(f"{file} is missing; README.md says how to generate it")
    return arguments


def commands(workload: str, log: Log, arguments: argparse.Namespace) -> list[tuple[Run, list[str]]]:
    """The processes of one workload. Ours comes last, next in time to the peers it is held to."""
    shared = ["--data", str(log.folder), "--n", str(log.events), "--reps", str(arguments.reps)]
    jobs: list[tuple[Run, list[str]]] = []
    for peer in PEERS:
        if peer in LOADS_ONLY and workload not in LOADS:
            continue
        for layout in layouts(workload):
            command = [sys.executable, str(HERE / "child.py"), "--peer", peer]
            command += ["--workload", workload, "--layout", layout, *shared]
            jobs.append((Run(peer, workload, layout), command))
    if not arguments.skip_userops:
        program = arguments.target / "peers/build/release/userops_peer"
        command = [str(program), workload.removesuffix("_string"), *shared]
        if user_column(workload) == "user_id":
            command += ["--ids", "string"]
        jobs.append((Run(OURS, workload, "own"), command))
    return jobs


def execute(run: Run, command: list[str], expected: list) -> None:
    """Fills in a run from the one JSON line that its process prints."""
    clock = ForeignClock()
    try:
        output = output_of(command)
        run.foreign_ratio = clock.ratio()
        result = json.loads(output.splitlines()[-1])
        run.reps_ms, run.peak_rss_kb = result["reps_ms"], result["peak_rss_kb"]
        run.prepare_ms = result.get("prepare_ms", 0.0)
        run.correct = result["answer"] == expected
        run.error = "" if run.correct else "wrong answer"
    except (subprocess.SubprocessError, ValueError, LookupError) as error:
        run.error = str(error)
    except OSError as error:
        run.error = f"cannot start {Path(command[0]).name}: {error.strerror}"


def output_of(command: list[str]) -> str:
    child = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    if child.returncode != 0:
        last_words = child.stderr.strip().splitlines()[-1:]
        raise subprocess.SubprocessError(f"exit code {child.returncode}: {' '.join(last_words)}")
    return child.stdout


class ForeignClock:
    """The share of the machine's CPU time that other programs take while one of ours runs."""

    def __init__(self) -> None:
        self.start = self.read()

    def ratio(self) -> float:
        foreign_s, total_s = (now - then for now, then in zip(self.read(), self.start, strict=True))
        return round(max(0.0, foreign_s) / total_s, 3)

    @staticmethod
    def read() -> tuple[float, float]:
        """CPU seconds since the start of the machine (Linux): those of others, and all."""
        ticks = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        user, nice, system, idle, wait, interrupt, soft_interrupt, stolen = map(int, ticks[:8])
        busy = user + nice + system + interrupt + soft_interrupt + stolen
        busy_s, idle_s = (ticks / os.sysconf("SC_CLK_TCK") for ticks in (busy, idle + wait))
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return busy_s - children.ru_utime - children.ru_stime, busy_s + idle_s


def run_reference(log: Log, workloads: list[str]) -> dict[str, list]:
    """The right answers, made in a process of its own, so that its memory is given back."""
    command = [sys.executable, str(HERE / "reference.py")]
    command += ["--data", str(log.folder), "--n", str(log.events), *workloads]
    return json.loads(output_of(command))


if __name__ == "__main__":
    sys.exit(main())
