"""Pictures hold the numbers of the answers, and the notebook that shows them runs."""

from __future__ import annotations

import builtins
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
import userops as uo
from userops import plot

AS_OF = datetime(2025, 6, 1, tzinfo=timezone.utc)
NOTEBOOKS = Path(__file__).parents[3] / "examples" / "notebooks"


@pytest.fixture(scope="module")
def log() -> uo.EventLog:
    return uo.sample_log(users=150, days=180)


def test_a_heat_map_counts_scores() -> None:
    scores = [uo.RfmScore(*score) for score in ((1, 1, 3), (1, 1, 1), (2, 3, 1))]
    (trace,) = plot.rfm_heat_map(scores).data
    assert [list(row) for row in trace.z] == [[2, 0, 0], [0, 0, 1]]
    assert (list(trace.y), list(trace.x)) == (["R1", "R2"], ["F1", "F2", "F3"])


def test_a_flow_holds_every_move(log: uo.EventLog) -> None:
    lifecycle = uo.Lifecycle.standard(activity=["post_answer"])
    transitions = lifecycle.stages(log, ["2025-03-01T00:00:00Z", AS_OF]).transitions()
    (trace,) = plot.lifecycle_flow(transitions).data
    assert sum(trace.link.value) == sum(transitions["user_count"]) > 0
    labels = trace.node.label
    moves = zip(trace.link.source, trace.link.target, trace.link.value, strict=True)
    shown = {(labels[source], labels[target]): count for source, target, count in moves}
    for row in transitions.to_dicts():
        key = (row["from"] or plot.NOWHERE, row["to"] or plot.NOWHERE)
        assert shown.get(key, 0) == row["user_count"]


def test_a_flow_of_paths_holds_every_step(log: uo.EventLog) -> None:
    tree = uo.build_path_tree(log, as_of=AS_OF, anchor={"events": ["view"]}, depth=3, ratio_min=0.05)
    (trace,) = plot.path_flow(tree).data
    root = tree.nodes[0]["count"]
    assert root > 0
    steps = zip(trace.link.source, trace.link.target, trace.link.value, strict=True)
    shown = [(trace.node.label[source], trace.node.label[target], count) for source, target, count in steps]
    flows = tree.to_flow_table().to_dicts()
    assert shown == [(row["source"], row["target"], row["count"]) for row in flows]
    assert sum(row["count"] for row in flows if row["step"] == 0) == root


def test_bars_and_funnels_hold_counts(log: uo.EventLog) -> None:
    everybody, few = uo.Segment.everybody(log), uo.Segment.of_ids(log, log.users()[:3])
    (trace,) = plot.segment_sizes({"few": few, "all": everybody}).data
    assert (list(trace.y), list(trace.x)) == (["all", "few"], [150, 3])
    ladder = uo.build_ladder(log, as_of=AS_OF, orders=["pay"])
    (trace,) = plot.order_ladder(ladder).data
    assert list(trace.x) == [rung["reached_count"] for rung in ladder.rungs]


def test_a_heat_map_holds_the_share_of_every_cell(log: uo.EventLog) -> None:
    retention = uo.measure_retention(log, as_of=AS_OF, period="month")
    (trace,) = plot.retention_heat_map(retention).data
    rows = retention.to_table().to_dicts()
    assert [share for line in trace.z for share in line if share is not None] == [row["ratio"] for row in rows]
    starred = sum(text.endswith("*") for line in trace.text for text in line)
    assert starred == sum(not row["complete"] for row in rows) > 0
    assert len(trace.y) == len({row["cohort"] for row in rows})
    brackets = uo.measure_retention(log, as_of=AS_OF, period="day", cohort="month", brackets=[0, 1, 8], by="channel")
    (trace,) = plot.retention_heat_map(brackets).data
    assert list(trace.x) == ["0", "1-7"]


def test_a_return_curve_holds_every_point_and_the_threshold(log: uo.EventLog) -> None:
    standard = uo.set_churn_standard(log, as_of=AS_OF, rule={"percentile": {"ratio": 0.9}}, step_days=1, days_max=30)
    figure = plot.return_curve(standard)
    assert list(figure.data[0].y) == standard.to_table()["return_ratio"]
    assert (len(figure.data), figure.layout.shapes[0].x0) == (5, standard.threshold_days)


def test_curves_hold_the_share_of_every_time() -> None:
    lives: dict[str, list[Any]] = {"duration": [1, 2, 2, 4], "event": [1, 1, 0, 1], "plan": ["a", "a", "b", "b"]}
    survival = uo.estimate_survival(lives, group="plan")
    traces = plot.survival_curve(survival).data
    lines = {trace.name: list(trace.y) for trace in traces if trace.line.width is None}
    assert lines == {"a": [1.0, 0.5, 0.0], "b": [1.0, 1.0, 0.0]}
    assert len(traces) == 6


def test_values_are_shown_with_their_intervals() -> None:
    rows: list[dict[str, Any]] = [
        {"group": "a", "predicted_value": 4.0, "predicted_low": 3.0, "predicted_high": 6.0},
        {"group": None, "predicted_value": 2.0, "predicted_low": 1.5, "predicted_high": 2.5},
    ]
    (trace,) = plot.group_values(uo.Table(rows)).data
    assert (list(trace.x), list(trace.y)) == (["a", "None"], [4.0, 2.0])
    assert (list(trace.error_y.array), list(trace.error_y.arrayminus)) == ([2.0, 0.5], [1.0, 0.5])
    unsure = uo.Table([row | {"predicted_low": None, "predicted_high": None} for row in rows[:1]])
    assert plot.group_values(unsure).data[0].error_y.array is None
    curve, _ = plot.concentration(uo.share_of_top([6.0, 3.0, 3.0], [0.3, 1.0])).data
    assert (list(curve.x), list(curve.y)) == ([0.0, 0.3, 1.0], [0.0, 0.5, 1.0])


def test_forecasts_are_shown_beside_what_came() -> None:
    ranking: dict[str, list[Any]] = {"score": [0.1, 0.2, 0.6, 0.9], "outcome": [False, True, True, True]}
    evaluation = uo.evaluate_ranking(ranking, bin_count=2)
    points, right = plot.calibration(evaluation.to_calibration_table()).data
    assert [round(x, 9) for x in points.x] == [0.15, 0.75]
    assert (list(points.y), list(right.y)) == ([0.5, 1.0], [0, 1])
    classes = uo.Table([{"repeats": 0, "customer_count": 4, "actual": 2, "bg_nbd": 1.0}])
    traces = plot.purchase_forecast(classes).data
    assert [(trace.name, list(trace.y)) for trace in traces] == [("actual", [0.5]), ("bg_nbd", [0.25])]


def test_without_plotly_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("plotly"):
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'userops\[plot\]'"):
        plot.rfm_heat_map([])


@pytest.mark.parametrize(("name", "figure_count"), [("cdnow", 4), ("clv", 5)])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs(name: str, figure_count: int) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(cwd=str(NOTEBOOKS))
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [output for output in shown if "application/vnd.plotly.v1+json" in output.get("data", {})]
    assert len(figures) == figure_count
