"""Tables, on their way out to other libraries."""

from __future__ import annotations

import pickle
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import userops as uo
from userops import errors

COLUMNS: dict[str, list[Any]] = {
    "user": ["ann", None, "<b>"],
    "count": [1, None, -3],
    "ratio": [0.1, 2.5, None],
    "vip": [True, False, None],
    "seen": [datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=timezone.utc), None, None],
    "born": [date(1969, 12, 31), None, date(1, 1, 1)],
}


@pytest.fixture
def table() -> uo.Table:
    return uo.Table(COLUMNS)


def test_columns_and_rows_are_plain_values(table: uo.Table) -> None:
    assert table.to_dict() == COLUMNS
    assert table.columns == list(COLUMNS)
    assert list(table.types.values()) == ["text", "integer", "float", "bool", "time", "date"]
    assert len(table) == 3
    assert table["count"] == [1, None, -3]
    assert table[-1] == table.to_dicts()[2] == {name: values[2] for name, values in COLUMNS.items()}
    with pytest.raises(IndexError):
        table[3]
    with pytest.raises(errors.UnknownNameError, match='did you mean "user"'):
        table["usr"]


def test_other_libraries_take_a_table_over(table: uo.Table) -> None:
    arrow = table.to_arrow()
    assert arrow.schema.field("seen").type == pa.timestamp("us", "UTC")
    assert pa.schema(table) == arrow.schema
    assert pl.DataFrame(table).equals(table.to_polars())
    assert table.to_pandas()["count"].isna().tolist() == [False, True, False]
    sources: list[Any] = [arrow, table.to_polars(), table, table.to_dicts()]
    for source in sources:
        assert uo.Table(source) == table


def test_a_table_has_one_type_per_column() -> None:
    assert uo.Table({"x": [1, 2.5]}).types == {"x": "float"}
    with pytest.raises(errors.TypeMismatchError, match='column "x": there are values of type integer and of type text'):
        uo.Table({"x": [1, "a"]})
    with pytest.raises(errors.TypeMismatchError, match="without a zone"):
        uo.Table({"x": [datetime(2026, 1, 1)]})


def test_a_table_is_written_and_pickled(table: uo.Table, tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(table)) == table
    table.write(tmp_path / "t.parquet")
    assert uo.Table(pl.read_parquet(tmp_path / "t.parquet")) == table
    table.write(str(tmp_path / "t.any"), format="csv")
    assert (tmp_path / "t.any").read_bytes() == table.to_bytes("csv")
    assert table.to_bytes("csv").startswith(
        b"user,count,ratio,vip,seen,born\nann,1,0.1,true,2026-01-01T01:02:03.000004Z,"
    )
    with pytest.raises(errors.InvalidArgumentError, match='"xls" is no format of tables'):
        table.to_bytes("xls")
    with pytest.raises(errors.FileError):
        table.write(tmp_path / "missing" / "t.csv")


def test_a_notebook_shows_the_first_rows(table: uo.Table) -> None:
    html = table._repr_html_()
    assert "<td>&lt;b&gt;</td>" in html
    assert "3 of 3 rows" in html
    assert "10 of 25 rows" in uo.Table({"x": range(25)})._repr_html_()
    assert repr(table).startswith("<Table of 3 rows: user: text, count: integer")


def test_an_explanation_is_a_tree() -> None:
    seen = datetime(2026, 1, 1, tzinfo=timezone.utc)
    tree = uo.Explanation("rfm", "545", parts=[uo.Explanation("last", seen, "the last order")])
    assert str(tree) == "rfm: 545\n  last: 2026-01-01T00:00:00Z (the last order)"
    assert pickle.loads(pickle.dumps(tree)) == tree
    last = tree.find("last")
    assert last is not None
    assert (last.label, last.value, last.text, last.parts) == ("last", seen, "the last order", [])
    assert tree.find("first") is None
    assert tree.to_dict()["parts"][0]["label"] == "last"
