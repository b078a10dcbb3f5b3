"""Logs from every kind of source, and the account of their rows."""

from __future__ import annotations

import copy
import decimal
import itertools
import pickle
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import userops as uo
from userops import errors

UTC = timezone.utc
MAPPING = uo.mapping("user", "time", minor_amount="amount_minor", id="id", all_other_columns=True)
ROWS: list[dict[str, Any]] = [
    {"user": "ann", "time": datetime(2026, 1, 5, 10, tzinfo=UTC), "event": "order", "amount_minor": 1250, "id": "a"},
    {"user": "bob", "time": datetime(2026, 1, 6, 9, tzinfo=UTC), "event": "view", "page": "home", "seconds": 3.5},
    {"user": "ann", "time": datetime(2026, 1, 4, tzinfo=UTC), "event": "view", "vip": True, "born": date(1990, 2, 28)},
    {"user": "ann", "time": datetime(2026, 1, 5, 10, tzinfo=UTC), "event": "order", "amount_minor": 1250, "id": "a"},
]


def read(*sources: Any, **options: Any) -> uo.EventLog:
    return uo.EventLog.read(*sources, mapping=options.pop("mapping", MAPPING), **options)


def test_rows_are_accounted_for() -> None:
    log = read([*ROWS, {"user": "cai", "time": "yesterday", "event": "view"}])
    report = log.report
    assert report is not None
    assert (report.read, report.accepted, report.duplicate, report.rejected, report.late) == (5, 3, 1, 1, 1)
    assert [(row["row"], row["field"], row["reason"]) for row in report.rejections] == [(5, "time", "not_an_instant")]
    assert report.rejected_by_reason() == {("time", "not_an_instant"): 1}
    assert report.rejections_table()[0]["user"] == "cai"
    assert "read 5 = accepted 3" in str(report)
    assert log.users() == ["ann", "bob"]
    assert log.event_names == ["order", "view"]
    assert len(log) == 3
    assert "ann" in log
    assert "cai" not in log
    assert 7 not in log
    assert log.amount_total_minor == 1250
    assert log.time_span == (ROWS[2]["time"], ROWS[1]["time"])
    assert log.property_types == {"born": "date", "page": "text", "seconds": "float", "vip": "bool"}
    assert log.events_of("ann")[0] == {
        "user": "ann",
        "time": ROWS[2]["time"],
        "event": "view",
        "properties": {"vip": True, "born": date(1990, 2, 28)},
    }


def test_every_source_gives_the_same_log(tmp_path: Path) -> None:
    log = read(ROWS)
    table = log.to_table()
    for name in ("log.parquet", "log.csv", "log.jsonl"):
        table.write(tmp_path / name)
    arrow = table.to_arrow()
    sources = {
        "columns": table.to_dict(),
        "table": table,
        "polars": table.to_polars(),
        "pyarrow": arrow,
        "record batch": arrow.to_batches()[0],
        "reader": arrow.to_reader(),
        "duckdb": duckdb.from_arrow(arrow),
        "pandas": table.to_pandas().convert_dtypes(dtype_backend="pyarrow"),
        "parquet": tmp_path / "log.parquet",
        "bytes": table.to_bytes("parquet"),
        "bytearray": bytearray(table.to_bytes("parquet")),
    }
    for name, source in sources.items():
        assert read(source) == log, name
    assert read(str(tmp_path / "log.csv")).event_count == 3
    assert read(tmp_path / "log.jsonl", format="jsonl").events_of("bob") == log.events_of("bob")
    # A text file does not say that a text is a date.
    typed = {"properties": [{"name": "born", "type": "date"}]}
    assert read(tmp_path / "log.jsonl", schema=typed) == read(ROWS, schema=typed)


def test_plain_rows_and_frames_go_together() -> None:
    log = read(ROWS)
    assert read(ROWS[:1], pl.DataFrame(log.to_table()), ROWS[3:]) == log
    assert read(pl.DataFrame(log.to_table()), []) == log
    some = [{**row, "page": row.get("page"), "vip": None} for row in ROWS]
    every = read(some)
    assert read(some[:1]).merge(read(some[1:])) == every


def test_a_pandas_frame_may_have_missing_values() -> None:
    frame = pd.DataFrame({"user": [1, 2], "time": pd.to_datetime(["2026-01-01", "2026-01-02"], utc=True)})
    frame["event"] = ["order", None]
    report = read(frame, mapping=uo.mapping("user", "time")).report
    assert report is not None
    assert report.rejected_by_reason() == {("event", "missing"): 1}


def test_integers_decimals_and_scalars_are_taken_as_they_are() -> None:
    rows = {"user": [2**62, 5], "time": pd.to_datetime(["2026-01-01T00:00:00Z"] * 2), "event": ["order"] * 2}
    rows["total"] = [decimal.Decimal("12.50"), decimal.Decimal("1E+2")]
    log = read(rows, mapping=uo.mapping("user", "time", amount="total"))
    assert log.users() == [5, 2**62]
    assert [log.events_of(user)[0]["amount_minor"] for user in log.users()] == [10_000, 1250]
    numpy = pa.array([1, 2]).to_numpy()
    assert uo.Table({"x": list(numpy)}).to_dict() == {"x": [1, 2]}


def test_local_times_in_data_are_in_the_zone_of_the_schema() -> None:
    row = {"user": 1, "time": datetime(2026, 7, 1, 8), "event": "view"}
    log = read([row], mapping=uo.mapping("user", "time"), schema={"zone": ZoneInfo("Asia/Shanghai")})
    assert log.zone == "Asia/Shanghai"
    assert log.events_of(1)[0]["time"] == datetime(2026, 7, 1, tzinfo=UTC)
    assert read([row], mapping=uo.mapping("user", "time", zone="Europe/Berlin")).time_span == (
        datetime(2026, 7, 1, 6, tzinfo=UTC),
        datetime(2026, 7, 1, 6, tzinfo=UTC),
    )


def test_attributes_come_beside_the_events() -> None:
    users: list[dict[str, Any]] = [
        {"id": "ann", "city": "Berlin", "born": date(1990, 1, 1)},
        {"id": "dee", "city": None},
    ]
    sources: list[Any] = [users, uo.Table(users), pl.DataFrame(users)]
    for source in sources:
        log = read(ROWS, attributes=(source, {"user": "id"}))
        assert log.user_count == 3
        assert log.attributes_of("ann") == {"city": "Berlin", "born": date(1990, 1, 1)}
        assert log.attributes_of("dee") == {}
        assert log.attributes().columns == ["user", "born", "city"]
    with pytest.raises(errors.InvalidArgumentError, match="a pair of a source and its mapping"):
        read(ROWS, attributes=users)


def test_a_log_survives_pickling() -> None:
    integers = read([{**row, "user": len(row["user"]), "time": row["time"]} for row in ROWS])
    known = read(ROWS, attributes=([{"id": "dee", "user": "x", "p.y": 1}], {"user": "id"}))
    for log in (read(ROWS), integers, known, read([], mapping=uo.mapping("a", "b"))):
        for again in (pickle.loads(pickle.dumps(log)), copy.deepcopy(log)):
            assert again == log
            assert hash(again) == hash(log)
            assert again.report == log.report
    assert read(ROWS) != integers
    assert read(ROWS) != 1


def test_times_without_a_zone_are_refused_as_arguments() -> None:
    log = read(ROWS)
    with pytest.raises(errors.InvalidTimeError, match=r"2026-01-01 00:00:00 has no time zone, and none is guessed"):
        log.events_of("ann", as_of=datetime(2026, 1, 1))
    with pytest.raises(errors.TypeMismatchError, match="another instant in each zone"):
        log.events_of("ann", as_of=date(2026, 1, 1))  # type: ignore[arg-type]
    assert log.events_of("ann", as_of="2026-01-04T00:00:00Z") == log.events_of("ann")[:1]
    assert log.events_of("ann", as_of=datetime(2026, 1, 4, 1, tzinfo=timezone(timedelta(hours=1)))) != []


@pytest.mark.parametrize(
    ("source", "error", "part"),
    [
        (5, errors.TypeMismatchError, "a int is no source of rows"),
        ([1], errors.TypeMismatchError, "a list is no source of rows"),
        ("/nonexistent.csv", errors.FileError, "/nonexistent.csv"),
        ([{"user": object()}], errors.TypeMismatchError, 'row 1, column "user": <object'),
        ([{"user": 2**70}], errors.LimitExceededError, "1180591620717411303424 is beyond 64 bits"),
        ({"a": [1], "b": []}, errors.InvalidArgumentError, 'column "b" has 0 values where "a" has 1'),
        ({"a": 1}, errors.TypeMismatchError, 'the column "a" is no list'),
        (b"PAR1nothing", errors.InvalidFormatError, "bytes"),
        (pa.array([1, 2]), errors.InvalidFormatError, "Int64"),
    ],
)
def test_what_is_no_source_is_refused(source: Any, error: type[Exception], part: str) -> None:
    with pytest.raises(error, match=part):
        read(source)


def test_a_wrong_definition_is_refused() -> None:
    with pytest.raises(errors.InvalidDefinitionError, match="mapping: unknown field `usr`"):
        read(ROWS, mapping={"usr": "x"})
    with pytest.raises(errors.InvalidDefinitionError, match=r"schema: .*Mars"):
        read(ROWS, schema={"zone": "Mars/Olympus"})
    with pytest.raises(errors.InvalidArgumentError, match="exclude each other"):
        uo.mapping("user", "time", event="a", constant_event="b")
    with pytest.raises(errors.InvalidDefinitionError, match="no finite number"):
        read(ROWS, schema={"limits": {"rows_max": float("nan")}})
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(errors.LimitExceededError, match="nested deeper"):
        read(ROWS, mapping={"user": deep})


def test_csv_options_are_those_of_the_library() -> None:
    text = b"# comment\nann;2026-01-01;'x;y'\n"
    options = {
        "delimiter": ";",
        "has_header": False,
        "columns": ["user", "time", "event"],
        "quote": "'",
        "comment": "#",
    }
    log = read(text, mapping=uo.mapping("user", "time"), csv=options)
    assert log.event_names == ["x;y"]
    with pytest.raises(errors.InvalidArgumentError, match=r'the quote "\'\'" is not one ASCII character'):
        read(text, csv={"quote": "''"})
    with pytest.raises(errors.InvalidArgumentError, match='"xlsx" is no format'):
        read(text, format="xlsx")


def test_progress_is_told_and_may_stop_the_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,time,event\n" + "ann,2026-01-01,view\n" * 1000)
    told: list[uo.Progress] = []
    log = read(path, mapping=uo.mapping("user", "time"), progress=told.append, block_bytes=4096)
    assert log.event_count == 1000
    assert len(told) > 2
    assert told[-1].rows_read == 1000
    assert told[-1].bytes_read == told[-1].bytes_total == path.stat().st_size
    assert all(a.rows_read <= b.rows_read for a, b in itertools.pairwise(told))

    def stop(progress: uo.Progress) -> None:
        raise KeyboardInterrupt(progress.rows_read)

    with pytest.raises(KeyboardInterrupt):
        read(path, mapping=uo.mapping("user", "time"), progress=stop, block_bytes=4096)
    read(path, mapping=uo.mapping("user", "time"), progress=True)
    assert "1,000 rows" in capsys.readouterr().err
    with pytest.raises(errors.InvalidArgumentError, match="progress is a callable or True"):
        read(path, mapping=uo.mapping("user", "time"), progress="yes")
