"""Cases of amounts: what a text or number is in minor units, by way of an ingest of one row."""

from __future__ import annotations

import userops as uo

from cases.case import Case


def judge_money(case: Case) -> None:
    currency = case.take("currency")
    values = [case.take(key, None) for key in ("text", "integer", "float")]
    (value,) = (value for value in values if value is not None)
    amount = {"column": "amount", "unit": case.take("unit", "major"), "rounding": case.take("rounding", "refuse")}
    mapping = uo.mapping("user", "time") | {"amount": amount}
    row = {"user": 1, "time": "2026-03-01", "event": "order", "amount": value}
    log = uo.EventLog.read([row], mapping=mapping, schema={"currency": currency})
    assert log.report is not None
    reasons = [rejection["reason"] for rejection in log.report.rejections]
    case.equal("the reason for refusal", case.expected("refused"), reasons[0] if reasons else None)
    events = log.events_of(1) if 1 in log else []
    minor = events[0].get("amount_minor") if events else None
    written = None if minor is None else uo.Currency(currency).format(minor)
    case.rest("the amount", {"minor": minor, "written": written, "unknown": not reasons and minor is None})
