"""Classes and functions around the engine, in Rust. Import them from `userops`.

Instants are `datetime` with a zone, or texts as RFC 3339 has them; none without a zone is accepted, and those that
come out are in UTC. Dates are `date` or `YYYY-MM-DD`, spans `timedelta` or texts such as `30d`. Amounts are integers in
minor units (cents) where a name ends in `_minor`. Definitions and options are plain data as TOML or JSON would hold
them. Every error is a `userops.UseropsError`; see `userops.errors`. All classes are immutable and may be used by
several threads; the interpreter's lock is released while the engine works.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from os import PathLike
from typing import Any, Protocol, TypeAlias, final
from zoneinfo import ZoneInfo

import pandas
import polars
import pyarrow

from userops.progress import Progress

__version__: str
_IS_DEBUG_BUILD: bool

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

_Value: TypeAlias = bool | int | float | str | datetime | date
_User: TypeAlias = int | str
_Instant: TypeAlias = datetime | str
_Day: TypeAlias = date | str
_Zone: TypeAlias = ZoneInfo | str
_Definition: TypeAlias = Mapping[str, Any]
_Rows: TypeAlias = Iterable[Mapping[str, Any]]
_Columns: TypeAlias = Mapping[str, Iterable[Any]]
_Source: TypeAlias = str | PathLike[str] | bytes | bytearray | _ArrowStream | _ArrowArray | _Rows | _Columns

@final
class EventLog:
    """All events of all users, frozen, in columns: sorted by user, time and arrival.

    Two logs of equal content are equal, whatever they were read from. Pickles hold the schema and two Parquet files.
    `len(log)` is the number of events, and `user in log` tells whether the log knows a user.
    """

    @classmethod
    def read(
        cls,
        *sources: _Source,
        mapping: _Definition,
        schema: _Definition | None = None,
        attributes: tuple[_Source, _Definition] | list[tuple[_Source, _Definition]] | None = None,
        format: str | None = None,  # noqa: A002
        csv: dict[str, Any] | None = None,
        progress: Callable[[Progress], object] | bool | None = None,
        block_bytes: int | None = None,
        record_bytes_max: int | None = None,
    ) -> EventLog:
        """Reads sources into one log, in their order, which is the order of arrival of their events.

        Args:
            *sources: Each a path (Parquet, CSV, JSON Lines; the latter two also compressed with gzip or zstd), the
                bytes of such a file, anything with `__arrow_c_stream__` or `__arrow_c_array__` (pyarrow, polars,
                pandas, DuckDB), an iterable of dicts, or a dict of lists. Arrow columns are read in place where their
                types allow.
            mapping: Which columns hold what; see `mapping`.
            schema: Zone, currency, declared events, properties, attributes and limits; by default UTC, USD and any.
            attributes: What is known of users: a source and its mapping such as `{"user": "id"}`, or a list of such
                pairs.
            format: `"parquet"`, `"csv"` or `"jsonl"` for all files and bytes; told from each by default.
            csv: `delimiter` (a character, or `"blanks"`), `has_header`, `columns`, `quote` (`""` for none), `comment`.
            progress: Called after each part with how far the read has come; what it raises stops the read. `True`
                writes a line to standard error.
            block_bytes: Bytes of text that a thread reads at a time.
            record_bytes_max: The longest record of a text file.

        Local times (without an offset) in the data are in the mapping's zone, else in the schema's. Rows that cannot be
        read are in `report`, with source, row, field and reason: `read = accepted + duplicate + rejected`. Ctrl-C is
        heard after each part of a file or stream.

        Raises:
            FileError: A file cannot be read.
            InvalidFormatError: Bytes are not what their format asks for.
            MissingColumnError: The mapping names a column that is not there.
            TypeMismatchError: A column cannot play its part, or is of no type that a log has.
            LimitExceededError: A limit of the schema would be exceeded.
        """

    @property
    def report(self) -> IngestReport | None:
        """What became of each row; `None` for a log that was not read, such as a merged one."""

    @property
    def schema(self) -> dict[str, Any]:
        """Zone, currency, declared names and limits."""

    @property
    def zone(self) -> str:
        """The zone of the log's calendar."""

    @property
    def currency(self) -> str:
        """The ISO 4217 code of all amounts."""

    @property
    def user_count(self) -> int:
        """How many users there are, those known only by their attributes included."""

    @property
    def event_count(self) -> int:
        """How many events there are."""

    @property
    def event_names(self) -> list[str]:
        """All names of events, ascending."""

    @property
    def property_types(self) -> dict[str, str]:
        """The type of each property: `bool`, `integer`, `float`, `text`, `time` or `date`."""

    @property
    def time_span(self) -> tuple[datetime, datetime] | None:
        """The first and the last instant of any event; `None` without events."""

    @property
    def amount_total_minor(self) -> int:
        """The sum of all amounts, in minor units."""

    def users(self) -> list[_User]:
        """The ids of all users, ascending: all integers or all texts."""

    def events_of(self, user: _User, *, as_of: _Instant | None = None) -> list[dict[str, Any]]:
        """The events of one user in order of time, those up to `as_of` where it is given.

        Each has `user`, `time`, `event`, `properties` (those that are known), and `amount_minor` and `id` where known.
        """

    def attributes_of(self, user: _User) -> dict[str, _Value]:
        """The attributes of one user, as far as they are known."""

    def to_table(self) -> Table:
        """A row per event: `user`, `time`, `event`, `amount_minor`, `id` where any has one, then the properties."""

    def attributes(self) -> Table:
        """A row per user: `user`, then the attributes by name."""

    def merge(self, other: EventLog) -> EventLog:
        """This log and the other in one, as if the other had arrived after this one. Copies by id are taken out."""

    def __len__(self) -> int: ...
    def __contains__(self, user: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_parts(
        cls, schema: str, events: tuple[str, bytes], users: tuple[str, bytes], report: IngestReport | None
    ) -> EventLog: ...

@final
class IngestReport:
    """The account of an ingest: `read = accepted + duplicate + rejected`."""

    @property
    def read(self) -> int:
        """Rows of events that were read."""

    @property
    def accepted(self) -> int:
        """Rows that are events of the log."""

    @property
    def duplicate(self) -> int:
        """Second copies of an event (by its id), which were left out."""

    @property
    def conflicting(self) -> int:
        """Those of the duplicates that differ from the first copy."""

    @property
    def rejected(self) -> int:
        """Rows that could not be taken in."""

    @property
    def late(self) -> int:
        """Events that arrived after a later one of the same user."""

    @property
    def attributes_read(self) -> int:
        """Rows of attributes that were read."""

    @property
    def attributes_rejected(self) -> int:
        """Rows of attributes that could not be taken in."""

    @property
    def rejections(self) -> list[dict[str, Any]]:
        """The rejected rows, each with `source`, `row` (from 1), `field`, `reason`, `text` and `record`."""

    def rejected_by_reason(self) -> dict[tuple[str, str], int]:
        """How many rows were rejected by field and reason."""

    def rejections_table(self) -> Table:
        """The rejected rows as they came, with source, row, field and reason: to be mended and read again."""

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> IngestReport: ...

@final
class Table:
    """Named columns of equal length, each of one type, in which a value may be unknown (`None`, null).

    Any library that speaks Arrow's capsule interface takes a table as it is: `polars.DataFrame(table)`,
    `pyarrow.table(table)`, `duckdb.from_arrow(table.to_arrow())`. `table["column"]` is a column as a list, `table[0]` a
    row as a dict, `len(table)` the number of rows.
    """

    def __new__(cls, source: _ArrowStream | _ArrowArray | _Rows | _Columns) -> Table:
        """A table of anything that speaks Arrow, of a dict of lists or of an iterable of dicts."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""

    @property
    def types(self) -> dict[str, str]:
        """The type of each column: `bool`, `integer`, `float`, `text`, `time` or `date`."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """A dict per row."""

    def to_dict(self) -> dict[str, list[Any]]:
        """A list per column."""

    def to_polars(self) -> polars.DataFrame:
        """The table as a polars data frame."""

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas data frame."""

    def to_arrow(self) -> pyarrow.Table:
        """The table as a pyarrow table."""

    def write(self, path: str | PathLike[str], *, format: str | None = None) -> None:  # noqa: A002
        """Writes a file, replacing one that is there: `parquet`, `csv` or `jsonl`, by default as the name ends.

        The file has its name only once it is complete.
        """

    def to_bytes(self, format: str = "parquet") -> bytes:  # noqa: A002
        """The bytes of a file of this format."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: str | int, /) -> Any: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Table: ...

@final
class Explanation:
    """Why an answer is what it is: a tree of what was observed, which threshold it met, and what would change it.

    `str(explanation)` is the tree as indented text.
    """

    def __new__(
        cls, label: str, value: _Value | None = None, text: str | None = None, parts: Sequence[Explanation] = ...
    ) -> Explanation: ...
    @property
    def label(self) -> str:
        """What the node is about, stable enough to look up: `recency`, `next_change`."""

    @property
    def value(self) -> _Value | None:
        """The value observed or worked out, where the node has one."""

    @property
    def text(self) -> str | None:
        """What the value means: the comparison made, the threshold met, the step missing."""

    @property
    def parts(self) -> list[Explanation]:
        """What the node was made of, in the order of reading."""

    def find(self, label: str) -> Explanation | None:
        """The first part with this label, not looking deeper."""

    def to_dict(self) -> dict[str, Any]:
        """The tree as dicts; instants and dates are texts."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def mapping(
    user: str,
    time: str,
    *,
    event: str | None = None,
    constant_event: str | None = None,
    amount: str | None = None,
    minor_amount: str | None = None,
    id: str | None = None,  # noqa: A002
    properties: Sequence[str | _Definition] | None = None,
    all_other_columns: bool = False,
    user_type: str | None = None,
    time_format: str | None = None,
    zone: _Zone | None = None,
    rounding: str | None = None,
) -> dict[str, Any]:
    """Which columns hold what, as `EventLog.read` takes it.

    Args:
        user: The column of user ids.
        time: The column of instants.
        event: The column of event names; `event` by default.
        constant_event: The name of every event, in place of a column.
        amount: The column of amounts in major units, such as `12.50`.
        minor_amount: The column of amounts in minor units, such as `1250`.
        id: The column of the events' own ids, by which second copies are known.
        properties: Columns that become properties, each by name or as `{"column": …, "name": …, "type": …}`.
        all_other_columns: Whether every column without another part becomes a property.
        user_type: `"integer"` or `"text"`; told from the first batch by default.
        time_format: `"auto"`, `"rfc3339"`, `"date"`, `"compact_date"`, `"epoch_seconds"`, `"epoch_millis"` or
            `"epoch_micros"`; numbers are instants only where the format says what they count.
        zone: The zone of times that state no offset, in place of the schema's.
        rounding: What becomes of amounts finer than the minor unit: `"refuse"` (default) or `"half_even"`.
    """

def plus_months(day: _Day, months: int) -> date:
    """The date so many months later; a day that the month lacks becomes its last."""

def week_start(day: _Day, *, week_start: str | None = None) -> date:
    """The first day of the week that a date lies in; weeks begin on Monday unless `week_start` names another day."""

def anniversary_in_year(origin: _Day, year: int, *, leap_day: str | None = None) -> date | None:
    """The date of an anniversary in a year.

    `leap_day` says when 29 February comes back in other years: `"february28"` (default), `"march1"` or `"skip"`.
    """

def is_anniversary_within(origin: _Day, day: _Day, days: int, *, leap_day: str | None = None) -> bool:
    """Whether an anniversary is on the day or within so many days after it."""

def years_on(origin: _Day, day: _Day, *, leap_day: str | None = None) -> int:
    """How many years are completed on a day."""

@final
class Calendar:
    """What a local clock and calendar show in a zone, and when its days begin."""

    def __new__(cls, zone: _Zone) -> Calendar: ...
    @property
    def zone(self) -> str:
        """The name of the zone."""

    def day(self, instant: _Instant) -> date:
        """The local date at an instant."""

    def hour(self, instant: _Instant) -> int:
        """The local hour at an instant, 0 to 23."""

    def day_start(self, day: _Day) -> datetime:
        """The first instant of a local day, which need not be midnight."""

    def window_range(self, window: str | _Definition, *, as_of: _Instant) -> tuple[datetime, datetime]:
        """The first instant inside a window and the first after it.

        A window is `"all"`, `{"rolling": {"span": "30d"}}`, `{"calendar_days": {"n": 7, "include_today": True}}`,
        `calendar_weeks`, `calendar_months`, `since` or `between`.
        """

    def parse(self, format: str, value: str | int) -> datetime | None:  # noqa: A002
        """The instant that a text or number of this format stands for; `None` where it is not one."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def _every_error() -> list[Exception]: ...
