"""The main job in Python: who the customers of the CDNOW purchase log are, by a playbook, as tables.

`python cdnow.py examples/data/cdnow_master.txt examples/playbooks/cdnow.toml OUT` writes the tables that the main job
in Rust writes with `--out`, byte for byte.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import userops as uo

ORDER = "purchase"
CORE_MONTHS = 12
"""The months looked at: a year, so that every season counts once."""
CORE_MONTHS_MIN = 3
"""A core customer bought in at least this many of them: records are bought less often than a feed is read."""
MONTHS_SHOWN = 8
"""The mix of stages is shown for so many month ends before the report's instant."""
MOVED_DAYS = 30
"""Who moved looks back so many days."""


def read_log(path: Path, playbook: uo.Playbook) -> uo.EventLog:
    """Reads the log: fields between blanks, dates such as 19970101, every row a purchase."""
    mapping = uo.mapping(
        "customer_id",
        "date",
        time_format="compact_date",
        constant_event=ORDER,
        amount="dollar_value",
        properties=[{"column": "number_of_cds", "type": "integer"}],
    )
    schema = {key: playbook.schema[key] for key in ("zone", "currency")}
    return uo.EventLog.read(path, mapping=mapping, schema=schema, csv={"delimiter": "blanks"})


def order_profiles(profiles: uo.ProfileTable, log: uo.EventLog) -> list[dict[str, Any]]:
    """What each customer ordered, in the order of the log's users."""
    return [profiles.profile(user)["orders"] for user in log.users()]


def segment_table(log: uo.EventLog, as_of: datetime, orders: dict[Any, dict[str, Any]]) -> uo.Table:
    """A row per buyer: measures, scores, segment and value group."""
    buyers = uo.measure_buyers(log, as_of=as_of, orders=[ORDER])
    scores = uo.RfmModel.fit(buyers).score_columns(buyers)
    # More than half of the customers bought once: only above the median is their frequency worth calling high.
    median = {"direction": "higher_is_better", "threshold": "median", "comparison": "above"}
    recency = {"name": "recency", "direction": "lower_is_better", "threshold": "median"}
    frequency, monetary = median | {"name": "frequency"}, median | {"name": "monetary"}
    scheme = uo.EightGroupScheme.fit(buyers, recency=recency, frequency=frequency, monetary=monetary)
    groups, names = scheme.groups(buyers), scheme.group_names()
    of_buyers = [orders[user] for user in buyers.users()]
    return uo.Table(
        {
            "user": buyers.users(),
            "recency_days": [order["days_since_last"] for order in of_buyers],
            "purchase_days": [order["purchase_days"] for order in of_buyers],
            "revenue_minor": [order["revenue"] for order in of_buyers],
            "recency_score": [score.recency for score in scores],
            "frequency_score": [score.frequency for score in scores],
            "monetary_score": [score.monetary for score in scores],
            "segment": uo.CellScheme.ten_segments().segments(scores),
            "value_group": groups,
            "value_group_zh": [names[group] for group in groups],
        }
    )


def contribution_table(log: uo.EventLog, as_of: datetime, orders: list[dict[str, Any]]) -> uo.Table:
    """A row per customer: contribution score and tier."""
    # A refund larger than all purchases is no contribution, and not less than none.
    revenue = [max(order["revenue"], 0) for order in orders]
    columns = {"revenue": revenue, "purchase days": [order["purchase_days"] for order in orders]}
    months = uo.count_active_months(log, [ORDER], as_of=as_of, months=CORE_MONTHS)
    model = uo.ContributionModel.fit(
        columns,
        active_periods=months,
        dimensions=[{"name": name, "weight": 1.0} for name in columns],
        active_periods_min=CORE_MONTHS_MIN,
        period_count=CORE_MONTHS,
    )
    scores = model.score_columns(columns, active_periods=months).to_dict()
    return uo.Table({"user": log.users(), "revenue_minor": revenue, **scores})


def portrait_of(log: uo.EventLog, audience: list[bool], orders: list[dict[str, Any]]) -> uo.Portrait:
    """Core customers against everybody: orders, money per order, silence, and when they came."""
    currency = uo.Currency(log.currency)
    averages = [order["average_order_minor"] for order in orders]
    major = [None if minor is None else minor / currency.minor_per_major for minor in averages]
    first = [order["first"] and datetime.fromisoformat(order["first"].replace("Z", "+00:00")) for order in orders]
    dimensions = [
        uo.Dimension("orders", [order["order_count"] for order in orders]),
        uo.Dimension(f"{currency.code} per order", major),
        uo.Dimension("days since the last order", [order["days_since_last"] for order in orders]),
        uo.Dimension("month of the first order", first, zone=log.zone),
    ]
    # The report names single customers to a reader who may see them: nothing is hidden for being rare.
    return uo.build_portrait(audience, dimensions, small_cells="show")


def month_ends(log: uo.EventLog, first: datetime, as_of: datetime) -> list[datetime]:
    """The ends of the last months before `as_of`, and `as_of` itself."""
    ends = [end for end in uo.period_ends(log, "month", first=first, last=as_of) if end < as_of]
    return [*ends[-MONTHS_SHOWN:], as_of]


def main_job(log: uo.EventLog, playbook: uo.Playbook) -> dict[str, uo.Table]:
    """All tables by name, as of the last event."""
    assert log.time_span is not None
    assert log.report is not None
    first, as_of = log.time_span
    profiles = uo.build_profiles(log, as_of=as_of, orders=[ORDER])
    orders = order_profiles(profiles, log)
    contribution = contribution_table(log, as_of, orders)
    outcome = playbook.evaluate(log, as_of=as_of)
    # By the thresholds of today: only users move.
    earlier = playbook.evaluate(log, as_of=as_of - timedelta(days=MOVED_DAYS), calibration=outcome.calibration())
    assert outcome.lifecycle is not None
    assert outcome.milestones is not None
    return {
        "profiles": profiles.to_table(),
        "ladder": uo.build_ladder(log, as_of=as_of, orders=[ORDER]).to_table(),
        "portrait": portrait_of(log, [tier == "core" for tier in contribution["tier"]], orders).to_table(),
        "segments": segment_table(log, as_of, dict(zip(log.users(), orders, strict=True))),
        "contribution": contribution,
        "rejections": log.report.rejections_table(),
        "operations": outcome.to_table(),
        "operations_summary": outcome.summary(),
        "moved": earlier.compare(outcome).to_table(),
        "stages_over_time": outcome.lifecycle.stages(log, month_ends(log, first, as_of)).mix(),
        "milestones": outcome.milestones.to_table(),
    }


def main() -> None:
    """Writes the tables, and says what was written."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("log", type=Path)
    arguments.add_argument("playbook", type=Path)
    arguments.add_argument("out", type=Path)
    given = arguments.parse_args()
    playbook = uo.Playbook.load(given.playbook)
    log = read_log(given.log, playbook)
    print(log.report)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, table in main_job(log, playbook).items():
        path = given.out / f"{name}.csv"
        table.write(path)
        print(f"wrote {len(table)} rows to {path}")


if __name__ == "__main__":
    main()
