"""Pictures of answers, with plotly: `pip install userops[plot]`.

Each function takes an answer of the engine and gives a `plotly.graph_objects.Figure`, which shows itself in notebooks.
Nothing is worked out here but how many rows share a cell, and what a sum is per customer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from userops import ChurnStandard, Ladder, PathTree, Retention, RfmScore, Segment, Survival, Table

__all__ = [
    "calibration",
    "concentration",
    "group_values",
    "lifecycle_flow",
    "order_ladder",
    "path_flow",
    "purchase_forecast",
    "retention_heat_map",
    "return_curve",
    "rfm_heat_map",
    "segment_sizes",
    "survival_curve",
]

NOWHERE = "not there"
"""Where users come from who were in no stage before, and go to who are in none after."""


def _figure(*traces: Any, **layout: Any) -> Any:
    """A figure of traces, with an error that says what to install."""
    try:
        from plotly.graph_objects import Figure
    except ImportError as error:
        raise ImportError("plots need plotly: pip install 'userops[plot]'") from error
    return Figure(data=list(traces), layout={"template": "plotly_white", **layout})


def rfm_heat_map(scores: Iterable[RfmScore], *, title: str = "Buyers by recency and frequency") -> Any:
    """How many users have each score of recency (upwards) and frequency (to the right).

    Args:
        scores: Scores, as `RfmModel.score_columns` gives them.
        title: The title of the figure.
    """
    counts = Counter((score.recency, score.frequency) for score in scores)
    recencies = range(1, max((recency for recency, _ in counts), default=0) + 1)
    frequencies = range(1, max((frequency for _, frequency in counts), default=0) + 1)
    cells = [[counts[recency, frequency] for frequency in frequencies] for recency in recencies]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": [f"F{score}" for score in frequencies],
        "y": [f"R{score}" for score in recencies],
    }
    trace |= {"z": cells, "text": cells, "texttemplate": "%{text:,}", "colorscale": "Blues"}
    return _figure(trace, title=title, xaxis_title="frequency", yaxis_title="recency")


def lifecycle_flow(transitions: Table, *, title: str = "Users by stage, before and after") -> Any:
    """How many users went from which stage to which, as a Sankey diagram.

    Args:
        transitions: A table of transitions, as `StageSeries.transitions` or `Comparison.stages` give it.
        title: The title of the figure.
    """
    moves = [
        (row["from"] or NOWHERE, row["to"] or NOWHERE, row["user_count"])
        for row in transitions.to_dicts()
        if row["user_count"]
    ]
    before = list(dict.fromkeys(source for source, _, _ in moves))
    after = list(dict.fromkeys(target for _, target, _ in moves))
    link = {
        "source": [before.index(source) for source, _, _ in moves],
        "target": [len(before) + after.index(target) for _, target, _ in moves],
        "value": [count for _, _, count in moves],
    }
    return _figure({"type": "sankey", "node": {"label": before + after}, "link": link}, title=title)


def path_flow(tree: PathTree, *, title: str = "Paths, step by step") -> Any:
    """How many go from which node to which, step by step, as a Sankey diagram.

    Args:
        tree: A tree of paths.
        title: The title of the figure.
    """
    flows = tree.to_flow_table().to_dicts()
    ends = [((row["step"], row["source"]), (row["step"] + 1, row["target"])) for row in flows]
    nodes = list(dict.fromkeys(node for pair in ends for node in pair))
    link = {
        "source": [nodes.index(source) for source, _ in ends],
        "target": [nodes.index(target) for _, target in ends],
        "value": [row["count"] for row in flows],
    }
    return _figure({"type": "sankey", "node": {"label": [name for _, name in nodes]}, "link": link}, title=title)


def segment_sizes(segments: Mapping[str, Segment], *, title: str = "Segments") -> Any:
    """How many users each segment has, the largest first.

    Args:
        segments: Segments by name, such as `Outcome.segments`.
        title: The title of the figure.
    """
    sizes = sorted(((len(segment), name) for name, segment in segments.items()), reverse=True)
    names, counts = [name for _, name in sizes], [count for count, _ in sizes]
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": counts,
        "y": names,
        "text": counts,
        "texttemplate": "%{text:,}",
    }
    return _figure(trace, title=title, xaxis_title="users", yaxis={"autorange": "reversed"})


def order_ladder(ladder: Ladder, *, title: str = "From registered to the further orders") -> Any:
    """How many users reached each rung, as a funnel.

    Args:
        ladder: A ladder.
        title: The title of the figure.
    """
    rungs = ladder.rungs
    trace: dict[str, Any] = {
        "type": "funnel",
        "y": [rung["name"] for rung in rungs],
        "x": [rung["reached_count"] for rung in rungs],
    }
    return _figure(trace | {"textinfo": "value+percent previous"}, title=title)


def return_curve(standard: ChurnStandard, *, title: str = "Who comes back after a silence") -> Any:
    """How likely a return is after each number of silent days, a line per curve, with the threshold.

    Args:
        standard: An answer of `set_churn_standard`.
        title: The title of the figure.
    """
    table = standard.to_table().to_dict()
    curves = {
        "episodes": "return_ratio",
        "users": "user_return_ratio",
        "later, by survival": "later_return_ratio",
        "within the horizon, by survival": "within_return_ratio",
        "both errors": "error_ratio",
    }
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines", "x": table["days"], "y": table[column], "name": name}
        for name, column in curves.items()
    ]
    traces[-1] |= {"line": {"dash": "dot"}}
    days = standard.threshold_days
    threshold = {"type": "line", "x0": days, "x1": days, "yref": "paper", "y0": 0, "y1": 1, "line": {"dash": "dash"}}
    note = {
        "x": days,
        "yref": "paper",
        "y": 1,
        "text": f"lost after {days} days",
        "showarrow": False,
        "xanchor": "left",
    }
    axes = {"xaxis_title": "silent days", "yaxis": {"title": "share that comes back", "rangemode": "tozero"}}
    return _figure(*traces, title=title, shapes=[threshold], annotations=[note], **axes)


def survival_curve(survival: Survival, *, title: str = "Lives that last longer") -> Any:
    """The share that lasts longer than each time, a step line per group with the band of its interval.

    Args:
        survival: An answer of `estimate_survival`.
        title: The title of the figure.
    """
    rows = survival.to_table().to_dicts()
    traces: list[dict[str, Any]] = []
    for group in survival.groups:
        some = [row for row in rows if row.get("group") == group]
        times = [0.0, *(row["time"] for row in some)]
        line = {"type": "scatter", "mode": "lines", "x": times, "legendgroup": group or "all", "name": group or "all"}
        low, high = ([1.0, *(row[end] for row in some)] for end in ("survival_low", "survival_high"))
        band = {"line": {"shape": "hv", "width": 0}, "showlegend": False, "hoverinfo": "skip"}
        traces.append(line | {"y": high} | band)
        traces.append(line | {"y": low, "fill": "tonexty", "fillcolor": "rgba(128, 128, 128, 0.15)"} | band)
        traces.append(line | {"y": [1.0, *(row["survival_ratio"] for row in some)], "line": {"shape": "hv"}})
    return _figure(*traces, title=title, xaxis_title="time", yaxis={"title": "share left", "range": [0, 1.02]})


def retention_heat_map(retention: Retention, *, title: str = "Retention by cohort") -> Any:
    """The share of each cohort that is retained in each period, the first cohort on top; open cells have a star.

    Args:
        retention: An answer of `measure_retention`.
        title: The title of the figure.
    """
    shares: dict[str, dict[str, float]] = {}
    texts: dict[str, dict[str, str]] = {}
    periods: dict[str, None] = {}
    for row in retention.to_table().to_dicts():
        group = "" if "group" not in row else f" {row['group'] or 'unknown'}"
        cohort = f"{row['cohort']}{group} ({row['size_count']:,})"
        first, last = row["period"], row["period_last"]
        period = str(first) if first == last else f"{first}-{last}"
        periods[period] = None
        shares.setdefault(cohort, {})[period] = row["ratio"]
        texts.setdefault(cohort, {})[period] = f"{row['ratio']:.0%}{'' if row['complete'] else '*'}"
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": list(periods),
        "y": list(shares),
        "z": [[share.get(period) for period in periods] for share in shares.values()],
        "text": [[text.get(period, "") for period in periods] for text in texts.values()],
        "texttemplate": "%{text}",
        "colorscale": "Blues",
        "zmin": 0,
    }
    axes = {"xaxis": {"type": "category", "title": "period"}, "yaxis": {"type": "category", "autorange": "reversed"}}
    return _figure(trace, title=title, **axes)


def group_values(groups: Table, *, title: str = "Value to come, by group") -> Any:
    """The predicted value of each group as a bar, with its 95 % interval where there is one.

    Args:
        groups: An answer of `LifetimeValueForecast.to_group_table`.
        title: The title of the figure.
    """
    rows = groups.to_dicts()
    values = [row["predicted_value"] for row in rows]
    known = all(row["predicted_low"] is not None for row in rows)
    trace: dict[str, Any] = {"type": "bar", "x": [str(row["group"]) for row in rows], "y": values}
    if known:
        above = [row["predicted_high"] - row["predicted_value"] for row in rows]
        below = [row["predicted_value"] - row["predicted_low"] for row in rows]
        trace["error_y"] = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return _figure(trace, title=title, xaxis={"type": "category"}, yaxis_title="predicted value")


def concentration(shares: Table, *, title: str = "How few carry how much") -> Any:
    """The share of all value that each share of the most valuable customers carries.

    Args:
        shares: An answer of `share_of_top`.
        title: The title of the figure.
    """
    columns = shares.to_dict()
    curve: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [0.0, *columns["customer_ratio"]],
        "y": [0.0, *columns["value_ratio"]],
        "name": "value",
    }
    alike: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "name": "if all were alike"}
    alike |= {"line": {"dash": "dot"}}
    axes = {"xaxis": {"title": "share of customers", "tickformat": ".0%"}, "yaxis": {"tickformat": ".0%"}}
    return _figure(curve, alike, title=title, **axes)


def calibration(bins: Table, *, title: str = "Foretold and observed") -> Any:
    """What was observed over what was foretold, a point per bin with its 95 % interval.

    Args:
        bins: An answer of `WarningFit.to_calibration_table` or `RankingEvaluation.to_calibration_table`.
        title: The title of the figure.
    """
    rows = bins.to_dicts()
    observed = [row["observed_ratio"] for row in rows]
    above = [row["observed_high"] - row["observed_ratio"] for row in rows]
    below = [row["observed_ratio"] - row["observed_low"] for row in rows]
    points: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": [row["predicted_ratio"] for row in rows],
        "y": observed,
        "error_y": {"type": "data", "symmetric": False, "array": above, "arrayminus": below},
        "name": "users",
    }
    right: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "name": "as foretold"}
    right |= {"line": {"dash": "dot"}}
    axes = {"xaxis": {"title": "foretold", "tickformat": ".0%"}, "yaxis": {"title": "observed", "tickformat": ".0%"}}
    return _figure(points, right, title=title, **axes)


def purchase_forecast(classes: Table, *, title: str = "Purchases that were held out, and foretold") -> Any:
    """Bars of what came and what each model foretold, per customer, by how often customers had bought again.

    Args:
        classes: A row per class: `repeats`, `customer_count`, `actual`, and a column for each model, as sums.
        title: The title of the figure.
    """
    columns = classes.to_dict()
    names = [name for name in columns if name not in ("repeats", "customer_count")]
    counts = columns["customer_count"]
    traces = [
        {
            "type": "bar",
            "x": columns["repeats"],
            "y": [value / count if count else None for value, count in zip(columns[name], counts, strict=True)],
            "name": name,
        }
        for name in names
    ]
    return _figure(*traces, title=title, xaxis_title="had bought again so often", yaxis_title="purchases per customer")
