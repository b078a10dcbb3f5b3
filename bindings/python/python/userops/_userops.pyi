"""Classes and functions around the engine, in Rust. Import them from `userops`.

Instants are `datetime` with a zone, or texts as RFC 3339 has them; none without a zone is accepted, and those that
come out are in UTC. Dates are `date` or `YYYY-MM-DD`, spans `timedelta` or texts such as `30d`. Amounts are integers in
minor units (cents) where a name ends in `_minor`. Definitions and options are plain data as TOML or JSON would hold
them. Every error is a `userops.UseropsError`; see `userops.errors`. All classes but the live engines are immutable,
and all may be used by several threads; the interpreter's lock is released while the engine works. Ctrl-C in a call
over more than 10,000 events raises `KeyboardInterrupt` at once; the work ends in the background, and its answer is
dropped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypedDict, final
from zoneinfo import ZoneInfo

import pandas
import polars
import pyarrow
from typing_extensions import Required, Unpack

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
_Span: TypeAlias = timedelta | str
_Definition: TypeAlias = Mapping[str, Any]
_Event: TypeAlias = dict[str, Any]
_Rows: TypeAlias = Iterable[Mapping[str, Any]]
_Columns: TypeAlias = Mapping[str, Iterable[Any]]
_Source: TypeAlias = str | PathLike[str] | bytes | bytearray | _ArrowStream | _ArrowArray | _Rows | _Columns

_Lives: TypeAlias = Table | _ArrowStream | _ArrowArray | _Rows | _Columns

_Names: TypeAlias = list[str] | tuple[str, ...] | set[str]
_Counts: TypeAlias = list[int] | tuple[int, ...]
_Definitions: TypeAlias = Sequence[_Definition]
_BtydModelKind: TypeAlias = Literal["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb", "shifted_beta_geometric", "gamma_gamma"]
_CalendarPeriod: TypeAlias = Literal["day", "month"] | _Definition

# What may be given as keywords. Type checkers refuse a key that is not here, as the engine does.

class _ProfileOptions(TypedDict, total=False):
    orders: _Names
    windows_days: _Counts
    gaps: bool
    event_times: bool
    habits: bool
    channel: str | None
    category: str | None
    interest_half_life: _Span
    interests_max: int

class _LadderOptions(TypedDict, total=False):
    orders: Required[_Names]
    unit: Literal["order", "purchase_day"]
    rungs_max: int

class _BuyerOptions(TypedDict, total=False):
    orders: Required[_Names]
    recency: Literal["days", "micros"]
    frequency: Literal["purchase_days", "orders"]
    monetary: Literal["sum", "mean_per_order"]

class _FunnelOptions(TypedDict, total=False):
    steps: Required[Sequence[str | _Definition]]
    window: _Span | None
    window_from: Literal["first", "previous"]
    order: Literal["ordered", "strict", "any"]
    ties: Literal["as_ordered", "step_order", "strictly_later"]
    event_use: Literal["once", "reuse"]
    noise: Literal["ignore", "restart", "end"]
    noise_kind: Literal["out_of_turn", "no_step", "other_step"]
    repetition: Literal["ignore", "end"]
    exclusions: _Definitions
    held: _Names
    scope: Literal["calendar_day"] | _Definition | None
    entry: Literal["best", "first", "every"]

class _PatternOptions(TypedDict, total=False):
    pattern: Required[str]
    conditions: Required[_Definitions]
    sees: Literal["matching", "all"]

class _NextOptions(TypedDict, total=False):
    chain: Required[_Definitions]
    base_condition: _Definition
    base: Literal["first_match", "last_match", "head", "tail"]
    direction: Literal["forward", "backward"]

class _GrowthOptions(TypedDict, total=False):
    period: Required[_CalendarPeriod]
    activity: _Names
    new_user: Literal["first_event", "first_activity"] | _Definition

class _RetentionOptions(TypedDict, total=False):
    period: Required[_CalendarPeriod]
    start: Literal["first_event"] | _Definition
    returns: _Definition
    cohort: _CalendarPeriod | None
    measure: Literal["on", "on_or_after", "on_or_before", "streak"]
    period_last: int | None
    brackets: _Counts
    by: str | None
    revenue: Literal["returns", "from_start"] | None

class _ActiveUserOptions(TypedDict, total=False):
    activity: _Definition
    windows_days: _Counts

class _StickinessOptions(TypedDict, total=False):
    period: Required[Literal["month"] | _Definition]
    activity: _Definition

class _ActiveDayOptions(TypedDict, total=False):
    activity: _Definition
    days: int
    include_today: bool

class _SessionOptions(TypedDict, total=False):
    events: _Definition
    gap: _Span
    length_max: _Span | None
    split_at_midnight: bool
    starts: _Definition | None

class _PathOptions(TypedDict, total=False):
    window: str | _Definition
    groups: _Definitions
    ungrouped: Literal["name", "together", "leave_out"]
    repeats_collapsed: bool
    session_gap: _Span | None

class _PathTreeOptions(TypedDict, total=False):
    paths: _PathOptions
    anchor: _Definition | None
    choice: Literal["first", "last", "every"]
    direction: Literal["after", "before"]
    depth: int
    within: _Span | None
    ratio_min: float

class _SeriesOptions(TypedDict, total=False):
    period: Required[_CalendarPeriod]
    events: _Definitions
    measures: _Names
    split: _Definition | None
    band: _Definition

class _PortraitSeriesOptions(TypedDict, total=False):
    attribute: Required[str]
    period: Required[_CalendarPeriod]
    activity: _Definition
    values_max: int

class _DriverOptions(TypedDict, total=False):
    target: Required[_Definition]
    target_count_min: int
    target_absent: bool
    newcomers_only: bool
    start: Literal["first_event"] | _Definition
    observation: _Span
    within: _Span
    events: _Definitions | None
    counts: _Counts
    days: _Counts
    properties: _Names
    attributes: _Names
    values_max: int
    rank_by: Literal["phi", "lift", "q_value"]

class _AttributionOptions(TypedDict, total=False):
    conversion: Required[_Definition]
    touches: Required[_Definition]
    models: Sequence[str | _Definition]
    window: str | _Definition
    lookback: _Span
    touches_reused: bool
    direct_channels: _Names
    cost_minor: Mapping[str, int]

class _ChurnOptions(TypedDict, total=False):
    activity: _Definition
    rule: Literal["least_error"] | _Definition
    step_days: int
    days_max: int
    horizon_days: int
    shift_days: int
    gaps_min: int

class _SurvivalOptions(TypedDict, total=False):
    duration: str
    event: str
    group: str | None
    interval: Literal["log_log", "plain"]
    restricted_until: float | None

class _LogRankOptions(TypedDict, total=False):
    group: Required[str]
    duration: str
    event: str

class _CoxOptions(TypedDict, total=False):
    covariates: _Names
    duration: str
    event: str

class _RfmOptions(TypedDict, total=False):
    recency: _Definition
    frequency: _Definition
    monetary: _Definition
    nesting: Literal["independent", "nested"]
    frequency_measure: Literal["orders", "purchase_days", "custom"]
    monetary_measure: Literal["sum", "mean_per_order", "custom"]

class _EightGroupOptions(TypedDict, total=False):
    recency: _Definition
    frequency: _Definition
    monetary: _Definition

class _ContributionRules(TypedDict, total=False):
    dimensions: _Definitions
    core_ratio: float
    middle_ratio: float
    period_count: int
    active_periods_min: int

class _LeadDefinition(TypedDict, total=False):
    fit: _Definition
    engagement: _Definition
    points_min: int | None
    points_max: int | None
    groups: _Definitions
    overrides: _Definitions

class _PurchaseOptions(TypedDict, total=False):
    purchases: _Definition
    unit_days: float
    calibration_last_day: _Day | None

class _BtydOptions(TypedDict, total=False):
    model: Required[_BtydModelKind]
    ridge: float
    iterations_max: int
    time_unit: str | None

class _BtydScoreOptions(TypedDict, total=False):
    horizon: float | None
    discount_rate: float | None

class _NextPurchaseOptions(TypedDict, total=False):
    horizon: Required[float]
    confidence: float
    last_day: _Day | None
    unit_days: float

class _LifetimeValueOptions(TypedDict, total=False):
    period_count: int | None
    period: float
    discount_rate: float
    margin_ratio: float
    time_unit: str | None

class _WinBackOptions(TypedDict, total=False):
    silent_at_least: Required[float]
    horizon: float | None
    capacity: int | None

class _ValueGroups(TypedDict, total=False):
    by: Required[str]
    period: _CalendarPeriod | None

class _BtydSimulationOptions(TypedDict, total=False):
    seed: int
    horizon: float | None

class _WarningOptions(TypedDict, total=False):
    activity: _Definition
    behaviour: _Definition
    behaviour_property: str | None
    complaints: _Definition | None
    horizon_days: int
    recent_days: int | None
    silence_days_max: int
    training_cut_count: int
    ridge: float

class _WarningScoreOptions(TypedDict, total=False):
    spending: _Definition
    value_days: int
    value_attribute: str | None
    reason_count: int

class _EvaluationOptions(TypedDict, total=False):
    probabilities: bool
    top_ratios: list[float] | tuple[float, ...]
    bin_count: int

class _LogisticOptions(TypedDict, total=False):
    outcome: Required[str]
    columns: _Names
    ridge: float
    iterations_max: int

class _SampleOptions(TypedDict, total=False):
    seed: int
    users: int
    days: int
    start: _Day
    zone: _Zone

class _PortraitOptions(TypedDict, total=False):
    bins: int
    values_max: int
    small_cells: Literal["merge", "suppress", "show"]
    cell_users_min: int

class _ThresholdOptions(TypedDict, total=False):
    activity: _Names
    growth_days: int
    maturity_days: int
    dormant_days: int
    churn_days: int
    reactivated_days: int
    presence: str | _Definition

class _DeriveOptions(TypedDict, total=False):
    dormant_quantile: float
    churn_quantile: float
    churn_rule: _Definition | str
    gaps_min: int

class _AarrrEvents(TypedDict, total=False):
    acquisition: _Names
    activation: _Names
    retention: _Names
    retention_days: int
    revenue: _Names
    referral: _Names

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
        format: str | None = None,
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

    def write(self, path: str | PathLike[str], *, format: str | None = None) -> None:
        """Writes a file, replacing one that is there: `parquet`, `csv` or `jsonl`, by default as the name ends.

        The file has its name only once it is complete.
        """

    def to_bytes(self, format: str = "parquet") -> bytes:
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
    id: str | None = None,
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

    def window_range(self, window: str | _Definition, *, as_of: _Instant) -> tuple[datetime | None, datetime | None]:
        """The first instant inside a window and the first after it; `None` for one beyond the years of `datetime`.

        A window is `"all"`, `{"rolling": {"span": "30d"}}`, `{"calendar_days": {"n": 7, "include_today": True}}`,
        `calendar_weeks`, `calendar_months`, `since` or `between`.
        """

    def parse(self, format: str, value: str | int) -> datetime | None:
        """The instant that a text or number of this format stands for; `None` where it is not one."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ProfileTable:
    """What each user has done, as of an instant: a profile per user, in the order of the log's users.

    Pickled as log, instant and options, and built again.
    """

    @property
    def as_of(self) -> datetime:
        """The instant of the profiles; events after it do not count."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the profiles were built with."""

    def to_table(self) -> Table:
        """A row per user: counts, first and last seen, days, amounts, and what the options ask for."""

    def profile(self, user: _User) -> dict[str, Any]:
        """The profile of one user; instants are texts, amounts in minor units."""

    def update(self, log: EventLog, *, as_of: _Instant) -> ProfileTable:
        """The profiles as of a later instant, over a log that holds every event of this one and any number more.

        Equal to a rebuild, to the last bit, and faster.

        Raises:
            InvalidArgumentError: The instant is earlier, or the log lacks a user or an event of this one's.
        """

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, options: str) -> ProfileTable: ...

def build_profiles(log: EventLog, *, as_of: _Instant, **options: Unpack[_ProfileOptions]) -> ProfileTable:
    """Builds the profiles of all users.

    Args:
        log: The log.
        as_of: The instant; events after it do not count.
        **options: `orders` (names of order events), `windows_days` (default 7, 30, 90), `gaps`, `event_times`,
            `habits` (whether to have them), `channel`, `category` (text properties), `interest_half_life` (a span),
            `interests_max`.

    Raises:
        UnknownNameError: The log has no such event or property.
        InvalidArgumentError: A window of no days, or another option that no computation can use.
    """

def build_profile(log: EventLog, user: _User, *, as_of: _Instant, **options: Unpack[_ProfileOptions]) -> dict[str, Any]:
    """The profile of one user by the scalar definition, which `build_profiles` equals; options as there."""

def count_active_months(log: EventLog, events: Sequence[str], *, as_of: _Instant, months: int) -> list[int]:
    """In how many of the last calendar months each user did one of the events, in the order of the log's users."""

def total_orders(log: EventLog, orders: Sequence[str], *, as_of: _Instant, purchase_days: bool = ...) -> Table:
    """What each buyer has ordered: a row per user with an order.

    The columns are `user`, `last_order` (the instant), `order_count`, `revenue_minor` (an unknown amount adds nothing),
    and where it is asked for `purchase_days`, the local days with an order. Reads orders alone, and so is a small part
    of the work of `build_profiles`.
    """

@final
class Ladder:
    """How many users went from registered to the first, second and further orders. `str(ladder)` is a text table."""

    @property
    def as_of(self) -> datetime:
        """The instant of the ladder."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the ladder was built with."""

    @property
    def rungs(self) -> list[dict[str, Any]]:
        """The rungs from registered on.

        Each has `number`, `name`, `reached_count`, `standing_count`, `conversion` and `share` (`count`, `of_count`,
        `ratio` and its 95 % `interval`), and `days` (mean and quartiles of the step; `None` where nobody took it).
        """

    def to_table(self) -> Table:
        """A row per rung."""

    def user_rungs(self) -> Table:
        """A row per user: `user`, and the `rung` they stand on; unknown where the user is not known yet."""

    def climb(self, user: _User) -> dict[str, Any]:
        """How far one user has come: `rung`, `is_known`, `first_seen`, `steps`, `order_count`."""

    def explain(self, user: _User) -> str:
        """Why one user stands on a rung, and what is missing to the next."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, options: str) -> Ladder: ...

def build_ladder(log: EventLog, *, as_of: _Instant, **options: Unpack[_LadderOptions]) -> Ladder:
    """Builds the order ladder of a log.

    Args:
        log: The log.
        as_of: The instant.
        **options: `orders` (names of order events), `unit` (`"order"` or `"purchase_day"`), `rungs_max` (default 5).

    Raises:
        UnknownNameError: The log has no such event.
        InvalidArgumentError: No order event is named, or `rungs_max` is out of range.
    """

@final
class LadderPart:
    """The ladder of some users; parts of disjoint users merge, in any order, into that of all."""

    @classmethod
    def build(cls, log: EventLog, *, as_of: _Instant, **options: Unpack[_LadderOptions]) -> LadderPart:
        """The part of all users of a log; options as of `build_ladder`."""

    def merge(self, other: LadderPart) -> LadderPart:
        """This part and another one, of other users, together."""

    def rungs(self) -> list[dict[str, Any]]:
        """The rungs from registered on, as `Ladder.rungs` has them."""

    def to_json(self) -> str:
        """The part as JSON, to be sent and merged elsewhere."""

    @classmethod
    def from_json(cls, text: str) -> LadderPart:
        """Reads what `to_json` has written."""

    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Conversion:
    """How many users come how far through a funnel."""

    @property
    def as_of(self) -> datetime:
        """The instant of evaluation."""

    @property
    def funnel(self) -> dict[str, Any]:
        """The funnel, with everything that was left out."""

    @property
    def entry_count(self) -> int:
        """How many entries there are: one a user, or several with `entry="every"`."""

    @property
    def pending_count(self) -> int:
        """How many of them could still convert."""

    @property
    def converted(self) -> dict[str, Any]:
        """The share of the entries that converted: `count`, `of_count`, `ratio` and its 95 % `interval`."""

    @property
    def converted_of_settled(self) -> dict[str, Any]:
        """The same of the entries that are not pending."""

    def to_table(self) -> Table:
        """A row per step.

        The columns are `step`, `name`, `count`, `pending_count`, `excluded_count`, `dropped_count` (those that
        stopped there),
        `ratio`, `ratio_low`, `ratio_high`, `settled_ratio`, `settled_ratio_low`, `settled_ratio_high`, `step_ratio` and
        `settled_step_ratio`.
        """

    def user_levels(self) -> Table:
        """A row per user: `user` and `level`, the steps completed by the best entry; 0 for who did not enter."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ConversionTimes:
    """How long conversion takes."""

    def to_table(self) -> Table:
        """A row for the whole, whose `step` is unknown, and one for each step but the first.

        Its columns are the count and quantiles in seconds.
        """

    def histogram(self, bin: _Span) -> Table:
        """How many entries took how long from start to conversion, in bins of one length such as `"1h"`."""

    def curve(self) -> Table:
        """The share that has converted by each time since the start (Kaplan-Meier); pending entries are censored."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def measure_conversion(log: EventLog, *, as_of: _Instant, **funnel: Unpack[_FunnelOptions]) -> Conversion:
    """How many users come how far through a funnel.

    Args:
        log: The log.
        as_of: The instant.
        **funnel: `steps` (names of events, or dicts with `events`, `where`, `name`, `gap_min`, `gap_max`,
            `optional`, `times`),
            `window`, `window_from`, `order`, `ties`, `event_use`, `noise`, `noise_kind`, `repetition`, `exclusions`,
            `held`,
            `scope` and `entry`. docs/funnels.md says what they mean.
    """

def trace_funnel(
    log: EventLog, user: _User, *, as_of: _Instant, **funnel: Unpack[_FunnelOptions]
) -> list[dict[str, Any]]:
    """The entries of one user: `level`, `status`, `reason`, `start`, `end`, and the `events` that were taken."""

def trend_conversion(
    log: EventLog, *, as_of: _Instant, period: str | _Definition, **funnel: Unpack[_FunnelOptions]
) -> Table:
    """Conversion by the calendar period in which entries began: a row per period and step."""

def break_down_conversion(
    log: EventLog, *, as_of: _Instant, by: _Definition, **funnel: Unpack[_FunnelOptions]
) -> Table:
    """Conversion by value: a row per value and step.

    Args:
        log: The log.
        as_of: The instant.
        by: `{"attribute": …}`, or a property of an event: `{"first": …}`, `{"last": …}`,
            `{"step": {"property": …, "step": 2}}`, or `{"each_step": …}` for the value of each step's own event.
        **funnel: As of `measure_conversion`.
    """

def compare_conversion(
    log: EventLog, first: Segment, second: Segment, *, as_of: _Instant, **funnel: Unpack[_FunnelOptions]
) -> Table:
    """How two segments without a common user come through a funnel: a row per step.

    Beside the ratios are their difference, its interval, and a p-value.
    """

def time_conversion(log: EventLog, *, as_of: _Instant, **funnel: Unpack[_FunnelOptions]) -> ConversionTimes:
    """How long the entries of a funnel took; keywords as of `measure_conversion`."""

def funnel_preset(name: str, steps: Sequence[str | _Definition], window: _Span) -> dict[str, Any]:
    """A funnel that means what that of another tool means, as keywords for `measure_conversion`.

    Args:
        name: `"clickhouse"`, with `_strict_order`, `_strict_deduplication`, `_strict_increase`, `_strict_once` or
            `_allow_reentry` behind it; `"posthog_ordered"`, `"posthog_strict"` or `"posthog_unordered"`.
        steps: The steps.
        window: A span such as `"7d"`.
    """

@final
class SequenceCounts:
    """How often a pattern is matched."""

    @property
    def as_of(self) -> datetime:
        """The instant of evaluation."""

    @property
    def match_count(self) -> int:
        """All matches of all users."""

    @property
    def users(self) -> dict[str, Any]:
        """The share of users with a match, of those with an event."""

    def to_table(self) -> Table:
        """How many users have how many matches: `match_count`, `user_count`."""

    def user_counts(self) -> Table:
        """A row per user: `user`, `match_count`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def count_sequences(log: EventLog, *, as_of: _Instant, **pattern: Unpack[_PatternOptions]) -> SequenceCounts:
    """Counts the matches of a pattern that do not overlap, by user.

    Args:
        log: The log.
        as_of: The instant.
        **pattern: `pattern` (a text such as `"(?1)(?t<=1h)(?2)"`), `conditions` (dicts with `events` and `where`),
            and where
            wanted `sees` (`"matching"` or `"all"`).
    """

def trace_sequence(
    log: EventLog, user: _User, *, as_of: _Instant, **pattern: Unpack[_PatternOptions]
) -> list[list[int]]:
    """The rows of the log of the events of each match of one user."""

def next_events(log: EventLog, *, as_of: _Instant, **query: Unpack[_NextOptions]) -> Table:
    """What users do right after a chain of events, or did right before it: a row per event, unknown for the end.

    Args:
        log: The log.
        as_of: The instant.
        **query: `chain` (dicts with `events` and `where`), and where wanted `base_condition`, `base` (`"first_match"`,
            `"last_match"`, `"head"`, `"tail"`) and `direction` (`"forward"`, `"backward"`).
    """

def account_growth(log: EventLog, *, as_of: _Instant, **options: Unpack[_GrowthOptions]) -> Table:
    """New, returning, resurrecting and dormant users: a row per calendar period.

    Args:
        log: The log.
        as_of: The instant.
        **options: `period` (`"day"`, `{"week": {}}` or `"month"`), `activity` (events that count; all by default),
            `new_user` (`"first_event"`, `"first_activity"` or `{"attribute": …}`).
    """

@final
class Retention:
    """Cohorts and their retention; answers about disjoint users merge, in any order, into that about all."""

    @property
    def as_of(self) -> datetime:
        """The instant of the answer."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that retention was measured with."""

    @property
    def user_count(self) -> int:
        """How many users have a start. Cohort sizes add up to it, unless starts recur."""

    def to_table(self) -> Table:
        """A row per cohort and period that has begun.

        `cohort` (its first day), with a breakdown `group`, `size_count`, `period` and `period_last` (the same but
        for brackets), `retained_count`, `ratio` with its 95 % interval `low` to `high`, `complete` (whether the
        period is over for the whole cohort), and with revenue `revenue_minor` and `cumulative_ltv_minor`.
        """

    def curve(self) -> Table:
        """Averages over the complete cells of each period.

        `period`, `period_last`, `cohort_count`, `size_count`, `retained_count`, `pooled_ratio` with `low` and `high`,
        `simple_ratio` (every cohort weighs the same), `size_weighted_ratio`, and with revenue `cumulative_ltv_minor`.
        """

    def merge(self, other: Retention) -> Retention:
        """This answer and that about other users together; both must be to the same question."""

    def to_json(self) -> str:
        """The answer as JSON, to be sent and merged elsewhere."""

    @classmethod
    def from_json(cls, text: str) -> Retention:
        """Reads what `to_json` has written."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def measure_retention(log: EventLog, *, as_of: _Instant, **options: Unpack[_RetentionOptions]) -> Retention:
    """Measures, of the users who started together, how many came back and when.

    A return is a matching event strictly later than the start. Events are given as patterns: a dict of `events`
    (names; all by default) and `where` (a filter on properties).

    Args:
        log: The log.
        as_of: The instant.
        **options: `period` (`"day"`, `{"week": {}}`, `"month"` or `{"rolling": "1d"}`), `start` (`"first_event"`,
            `{"first_match": pattern}`, `{"recurring": pattern}` or `{"attribute": name}`), `returns` (a pattern),
            `cohort` (the calendar period of cohorts), `measure` (`"on"` by default, `"on_or_after"`,
            `"on_or_before"`, `"streak"`), `period_last` or `brackets` (such as `[0, 1, 8, 31]`), `by` (an
            attribute), `revenue` (`"returns"` or `"from_start"`).

    Raises:
        InvalidDefinitionError: The options contradict themselves.
        UnknownNameError: The log has no such event, property or attribute.
        LimitExceededError: There are too many cells or groups.
    """

def retention_of_users(log: EventLog, *, as_of: _Instant, **options: Unpack[_RetentionOptions]) -> Table:
    """Retention user by user: a row per user and start.

    `user`, `cohort`, `start`, and for each period or bracket a column `period_0`, `period_1`… that is true where
    the user is retained, false where not, and unknown where the period has not begun. Arguments as of
    `measure_retention`.
    """

def count_active_users(log: EventLog, *, as_of: _Instant, **options: Unpack[_ActiveUserOptions]) -> Table:
    """Daily, weekly and monthly active users: a row per local day, and a column per window.

    `day`, `complete`, `full` (whether the longest window lies within the rows), `active_1d_count`,
    `active_7d_count`… and `stickiness_ratio`, users of the shortest window per user of the longest.

    Args:
        log: The log.
        as_of: The instant.
        **options: `activity` (a pattern of the events that count; all by default), `windows_days` (`[1, 7, 28]` by
            default).
    """

def measure_stickiness(log: EventLog, *, as_of: _Instant, **options: Unpack[_StickinessOptions]) -> Table:
    """Users of each week or month by the number of its days on which they were active.

    `first_day`, `complete`, `day_count`, `exactly_count`, `at_least_count`, `exactly_ratio`, `at_least_ratio`.

    Args:
        log: The log.
        as_of: The instant.
        **options: `period` (`{"week": {}}` or `"month"`), `activity` (a pattern of the events that count; all by
            default).
    """

def count_active_days(log: EventLog, *, as_of: _Instant, **options: Unpack[_ActiveDayOptions]) -> Table:
    """On how many of the last local days each user was active, such as L7 or L28: `user`, `active_day_count`.

    Args:
        log: The log.
        as_of: The instant.
        **options: `days` (28 by default), `include_today` (true by default), `activity` (a pattern of the events
            that count).
    """

def power_user_curve(log: EventLog, *, as_of: _Instant, **options: Unpack[_ActiveDayOptions]) -> Table:
    """Users by the number of the last days on which they were active; arguments as of `count_active_days`.

    `day_count`, `exactly_count`, `at_least_count`, `exactly_ratio`, `at_least_ratio`: ratios are of the active users.
    """

@final
class LeadScores:
    """The lead scores of all users of a log. See `score_leads`."""

    @property
    def as_of(self) -> datetime:
        """The instant of the scores."""

    @property
    def definition(self) -> dict[str, Any]:
        """The definition, with everything that it left to the defaults."""

    @property
    def group_names(self) -> list[str]:
        """The groups of leads, in order of definition, those of overrides alone last."""

    def to_table(self) -> Table:
        """A row per user.

        `user`, `fit_points`, `engagement_points`, `points`, `fit_grade`, `engagement_grade`, `cell`, `group`.
        """

    def cells(self) -> Table:
        """A row per cell of the matrix, the best fit first and in it the best engagement.

        `cell`, `fit_grade`, `engagement_grade`, `group` (that of the cell), `user_count`, `user_ratio`,
        `overridden_count` (users of the cell whom an override put into another group).
        """

    def groups(self) -> Table:
        """A row per group of leads: `group`, `user_count`, `user_ratio`."""

    def points(self) -> Table:
        """What each rule gave each user, before limits: a row per user, a column `fit.group.rule` per rule."""

    def changes(self, until: _Instant) -> Table:
        """Who is in another cell or group by time alone, no later than `until`, if nothing happens before.

        A row per such user: `user`, `next_change_at`, `cell`, `group`.
        """

    def moves(self, later: LeadScores) -> Table:
        """How many users went from which group into which, from these scores to later ones of the same log.

        A row per pair that anybody is in, those who stayed included: `from_group`, `to_group`, `user_count`.
        """

    def score(self, user: _User) -> dict[str, Any]:
        """The score of one user, with what each rule gave.

        `points`, `cell`, `group`, `override_index` (which override put the user there, if one did), and `fit` and
        `engagement`, each with `points`, `grade` and `groups`.
        """

    def explain(self, user: _User) -> Explanation:
        """Why one user has the score, what is missing to the next grade, and when time alone moves the user."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, outcome: Outcome | None, definition: str) -> LeadScores: ...

def score_leads(
    log: EventLog, *, as_of: _Instant, outcome: Outcome | None = None, **definition: Unpack[_LeadDefinition]
) -> LeadScores:
    """Scores all users of a log as leads: points for fit and engagement, two grades, and a group of leads.

    Args:
        log: The log.
        as_of: The instant.
        outcome: An outcome over this log, whose tags, segments, scores and stages the rules may ask for.
        **definition: `fit` and `engagement`, each a dict of `groups` (dicts of `name`, `rules`, `events`, `points_min`
            and `points_max`), `points_min` and `points_max` (0 and 100 by default) and `grades` (`names`, the best
            first, and `cuts`); `points_min` and `points_max` of both together; `groups` of leads (dicts of `name` and
            `cells`); `overrides` (dicts of `group` and `when`).
    """

@final
class Sessions:
    """The sessions of a log."""

    @property
    def as_of(self) -> datetime:
        """The instant of the answer."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the sessions were found with."""

    def to_table(self) -> Table:
        """A row per session.

        `user`, `start`, `end`, `duration_seconds`, `event_count`, `first_event`, `last_event`, `revenue_minor`, `open`
        (whether an event right after `as_of` could still belong to it).
        """

    def summary(self) -> dict[str, Any]:
        """All sessions in a few numbers.

        `session_count`, `open_count`, `user_count`, `event_count`, `revenue_minor`, `bounces` (sessions of one
        event, with ratio and interval), and `duration_seconds`, `depth_events` and `sessions_per_user`, each with
        `mean`, `quartile_1`, `median`, `quartile_3`, `percentile_90` and `percentile_99`, or `None` without
        sessions.
        """

    def trend(self) -> Table:
        """A row per local day on which sessions could begin.

        `day`, `complete`, `session_count`, `user_count`, `bounce_count`, `bounce_ratio`, `mean_duration_seconds`,
        `mean_depth_events`, `revenue_minor`.
        """

    def users(self) -> Table:
        """A row per user of the log, with sessions or not.

        `user`, `session_count`, `bounce_count`, `event_count`, `duration_seconds`, `revenue_minor`, `first_start`,
        `last_start`.
        """

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, options: str) -> Sessions: ...

def find_sessions(log: EventLog, *, as_of: _Instant, **options: Unpack[_SessionOptions]) -> Sessions:
    """Cuts events into sessions.

    An event begins a session where it is the user's first, comes strictly more than `gap` after the one before, or
    for one of the other reasons that are asked for.

    Args:
        log: The log.
        as_of: The instant.
        **options: `gap` (`"30m"` by default), `length_max`, `split_at_midnight`, `events` (a pattern of the events that
            sessions are made of; all by default), `starts` (a pattern of events that begin a session).
    """

def count_transitions(log: EventLog, *, as_of: _Instant, **options: Unpack[_PathOptions]) -> Table:
    """Which event follows which, over the paths of all users: a row per pair, starts and exits included.

    Args:
        log: The log.
        as_of: The instant.
        **options: `window` (all of history by default), `groups` (dicts of `name`, `events` and `where`), `ungrouped`
            (`"name"`, `"together"` or `"leave_out"`), `repeats_collapsed` (default true), `session_gap` (a span; none
            by default).
    """

def build_path_tree(log: EventLog, *, as_of: _Instant, **options: Unpack[_PathTreeOptions]) -> PathTree:
    """What comes after an anchor, or came before it.

    Args:
        log: The log.
        as_of: The instant.
        **options: `paths` (a dict of the options of `count_transitions`), `anchor` (a dict of `events` and `where`; the
            start of each path by default), `choice` (`"first"`, `"last"` or `"every"`), `direction` (`"after"` or
            `"before"`), `depth` (default 5), `within` (a span), `ratio_min` (a share of all anchors below which
            branches are folded).
    """

@final
class PathTree:
    """The tree of paths around an anchor."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the tree was built with."""

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """A dict for each node, parents before their children.

        It has `parent` (a place in the list, none for the root), `step`, `node`, `kind`, `count`, `user_count`, `ratio`
        and `anchor_ratio`.
        """

    def to_table(self) -> Table:
        """A row per node, parents before their children."""

    def to_flow_table(self) -> Table:
        """A row per flow between neighbouring steps: `step`, `source`, `target`, their kinds, and `count`."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> PathTree: ...

def build_series(log: EventLog, *, as_of: _Instant, **options: Unpack[_SeriesOptions]) -> Table:
    """Measures of events per calendar period, with what was to be expected: a row per line and period.

    Args:
        log: The log.
        as_of: The instant.
        **options: `period` (`"day"`, `{"week": {}}` or `"month"`), `events` (dicts of `name`, `events` and `where`; one
            per event name by default), `measures` (`"event_count"`, `"user_count"`, `"new_user_count"`,
            `"amount_minor"`, `"mean_event_count"`, `"mean_amount_minor"`; all by default), `split` (a dict of `by`,
            such as `{"property": "channel"}` or `{"attribute": "city"}`, and `values_max`), `band` (a dict of
            `baseline_periods`, `baseline_periods_min`, `mad_factor`, `width_ratio_min`).
    """

def build_portrait_series(log: EventLog, *, as_of: _Instant, **options: Unpack[_PortraitSeriesOptions]) -> Table:
    """Who the active users of each calendar period are, by an attribute: a row per period and value.

    Args:
        log: The log.
        as_of: The instant.
        **options: `attribute`, `period`, `activity` (a dict of `events` and `where`; every event by default),
            `values_max` (default 5).
    """

def find_drivers(log: EventLog, *, as_of: _Instant, **options: Unpack[_DriverOptions]) -> Drivers:
    """What users who reached a target had done before, and others had not.

    Args:
        log: The log.
        as_of: The instant.
        **options: `target` (a dict of `events` and `where`), `target_count_min`, `target_absent` (for churn),
            `newcomers_only`, `start` (`"first_event"` or `{"until": …}`), `observation` (default 7 days), `within`
            (default 30 days), `events` (dicts of `name`, `events` and `where`; every event name by default), `counts`
            (default `[1]`), `days` (the whole observation by default), `properties`, `attributes`, `values_max`
            (default 10), `rank_by` (`"phi"`, `"lift"` or `"q_value"`). `counts=[1, 2, 3, 5, 7, 10], days=[1, 3, 7]`
            searches for an aha moment.
    """

@final
class Drivers:
    """Candidates beside a target, ranked."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the drivers were looked for with."""

    @property
    def population(self) -> dict[str, int]:
        """How many users count, how many of them reached the target, and how many are left out why.

        It has `user_count`, `hit_count`, `open_count`, `absent_count` and `early_count`.
        """

    @property
    def constant_count(self) -> int:
        """Candidates that are left out because all users have them, or none."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each candidate, in order of rank."""

    def to_table(self) -> Table:
        """A row per candidate, in order of rank."""

    def to_summary_table(self) -> Table:
        """One row: how many users count, how many of them reached the target, and how many are left out why."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Drivers: ...

def set_churn_standard(log: EventLog, *, as_of: _Instant, **options: Unpack[_ChurnOptions]) -> ChurnStandard:
    """After how much silence a user is lost, from the gaps between active days.

    Args:
        log: The log.
        as_of: The instant.
        **options: `activity` (a dict of `events` and `where`; every event by default), `rule` (`{"knee": {"curve":
            "episode"}}` by default, `{"percentile": {"ratio": 0.95}}`, `{"return_ratio": {"curve": "user", "at_most":
            0.1}}` or `"least_error"`; curves are `"episode"`, `"user"`, `"survival"` and `"survival_within"`),
            `step_days` (default 7), `days_max` (default 364), `horizon_days` (default 90), `shift_days` (default 7),
            `gaps_min` (default 30).
    """

@final
class ChurnStandard:
    """After how much silence a user is lost, and what that rests on."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the standard was set with."""

    @property
    def threshold_days(self) -> int:
        """A user who has been silent for more than so many days is lost."""

    @property
    def lost_count(self) -> int:
        """How many users are lost."""

    @property
    def user_count(self) -> int:
        """Users with an active day."""

    @property
    def weaknesses(self) -> list[str]:
        """Why to read the standard with care.

        Any of `few_gaps`, `most_never_returned`, `short_history` and `at_the_edge`.
        """

    def to_table(self) -> Table:
        """A row per number of silent days: how likely a return is after them."""

    def to_threshold_table(self) -> Table:
        """A row per threshold: the one that was picked, those of other rules, and shifted ones."""

    def to_summary_table(self) -> Table:
        """One row: the threshold, counts, quantiles of gaps, weaknesses."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> ChurnStandard: ...

def collect_gaps(log: EventLog, *, as_of: _Instant, **options: Unpack[_ChurnOptions]) -> ChurnGaps:
    """The gaps between active days of the users of a log, counted by length.

    Args:
        log: The log.
        as_of: The instant.
        **options: Those of `set_churn_standard`; `activity` and `horizon_days` matter.
    """

@final
class ChurnGaps:
    """The gaps between active days of some users, counted by length."""

    @property
    def user_count(self) -> int:
        """Users with an active day."""

    def lost_count(self, threshold_days: int) -> int:
        """How many users have been silent for more than so many days."""

    def merge(self, other: ChurnGaps) -> ChurnGaps:
        """The gaps of these users and of others. No user may be in both."""

    def standard(self, **options: Unpack[_ChurnOptions]) -> ChurnStandard:
        """The churn standard of these gaps; options as in `set_churn_standard`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> ChurnGaps: ...

def estimate_survival(lives: _Lives, **options: Unpack[_SurvivalOptions]) -> Survival:
    """How many lives last longer than each time, by group where asked.

    Args:
        lives: A row per life.
        **options: `duration` and `event` (columns: numbers from 0 on; booleans, or 1 and 0; by default of these names),
            `group` (a column), `interval` (`"log_log"` or `"plain"`), `restricted_until` (a number; by default as far
            as the curves of all groups are known).
    """

@final
class Survival:
    """The share of lives that is left after each time, by group."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the curves were estimated with."""

    @property
    def groups(self) -> list[str | None]:
        """The groups, in order; one that is None where all rows are one."""

    @property
    def left_out_count(self) -> int:
        """Rows that are left out because something is unknown of them."""

    def to_table(self) -> Table:
        """A row per group and time: who is at risk, the share that is left, the hazard, with errors and intervals."""

    def to_summary_table(self) -> Table:
        """A row per group: counts, median and quartiles, restricted mean."""

    def survival_at(self, time: float, group: str | None = None) -> float | None:
        """The share that lasts longer than a time; None beyond what was observed, unless nothing is left."""

    def quantile(self, ratio: float, group: str | None = None) -> dict[str, Any]:
        """When a share of lives has ended: `ratio`, `time`, `low`, `high`. The median is the quantile of 0.5."""

    def restricted_mean(self, until: float, group: str | None = None) -> dict[str, Any]:
        """The mean of lives that are cut off at a time: `until`, `mean`, `standard_error`, `interval`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Survival: ...

def compare_survival(lives: _Lives, **options: Unpack[_LogRankOptions]) -> LogRank:
    """Whether groups differ in how long they last: the log-rank test.

    Args:
        lives: A row per life.
        **options: `group` (a column), `duration` and `event` as in `estimate_survival`.
    """

@final
class LogRank:
    """Whether groups differ in how long they last."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the test."""

    @property
    def chi_square(self) -> float:
        """The statistic."""

    @property
    def degrees(self) -> int:
        """Its degrees of freedom."""

    @property
    def p_value(self) -> float | None:
        """The probability of such a statistic or a greater one where the groups are alike."""

    @property
    def left_out_count(self) -> int:
        """Rows that are left out because something is unknown of them."""

    def to_table(self) -> Table:
        """A row per group: events as they are, and as they would be if all were alike."""

    def to_summary_table(self) -> Table:
        """One row: the statistic, its degrees of freedom, its p-value."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> LogRank: ...

def fit_cox(lives: _Lives, **options: Unpack[_CoxOptions]) -> CoxFit:
    """By how much covariates raise or lower the risk: Cox's proportional hazards, with Efron's ties.

    Args:
        lives: A row per life.
        **options: `covariates` (columns of numbers or booleans; every other column by default), `duration` and `event`
            as in `estimate_survival`.
    """

@final
class CoxFit:
    """By how much covariates raise or lower the risk."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the model was fitted with."""

    @property
    def coefficients(self) -> list[dict[str, Any]]:
        """A dict for each covariate: `coefficient`, `standard_error`, `z`, `p_value`, `hazard_ratio`, `interval`."""

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the partial likelihood."""

    @property
    def concordance_ratio(self) -> float | None:
        """How often the life with the greater risk is the shorter, of pairs that can be told."""

    @property
    def left_out_count(self) -> int:
        """Rows that are left out because something is unknown of them."""

    def to_table(self) -> Table:
        """A row per covariate."""

    def to_summary_table(self) -> Table:
        """One row: counts, likelihoods, concordance."""

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> CoxFit: ...

def summarise_purchases(log: EventLog, *, as_of: _Instant, **options: Unpack[_PurchaseOptions]) -> tuple[Table, Table]:
    """The purchase days of every customer, as `fit_btyd` reads them, and one row of counts.

    The first table has a row per customer: `user`, `first_day`, `x` (local days with a purchase after the first), `t_x`
    and `T` (from the first purchase to the last, and to the end), `spend` (all of it, in major units), `mean_spend` (of
    a repeat day), and where days are held out `holdout_x`, `holdout_spend` and `holdout_next` (the time to the next
    purchase). Negative amounts are refunds: they are money that comes back, and no purchases. The second has
    `customer_count`, `last_day`, `holdout_days`, `unmatched_refund_count`.

    Args:
        log: The log.
        as_of: The instant.
        **options: `purchases` (a dict of `events` and `where`; every event by default), `unit_days` (7 for weeks, by
            default 1), `calibration_last_day` (the last day that models may see; that of `as_of` by default).
    """

def fit_btyd(
    customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns, **options: Unpack[_BtydOptions]
) -> BtydFit:
    """Fits a model of buying till you die to the rows of a table.

    Args:
        customers: A row per customer, or for as many as a column `count` says. Columns `x`, `t_x` and `T` for
            `"bg_nbd"`, `"mbg_nbd"` and `"pareto_nbd"`; `x`, `t_x` and `n` for `"bg_bb"`; `x` and `mean_spend` for
            `"gamma_gamma"`; `duration` and `event` for `"shifted_beta_geometric"`. Rows with something unknown are
            left out.
        **options: `model`, `ridge` (so many times the squares of the parameters' logarithms are taken off the
            log-likelihood; 0 by default), `iterations_max`, `time_unit` (a name that is kept with the fit).

    Raises:
        InvalidArgumentError: A row cannot be, or nobody has bought again.
    """

@final
class BtydModel:
    """A model with its parameters: all that is needed to score a customer."""

    def __new__(cls, model: _BtydModelKind, **parameters: float) -> BtydModel:
        """A model by its parameters: `BtydModel("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)`."""

    @property
    def kind(self) -> _BtydModelKind:
        """Which model it is."""

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by name, in order."""

    def score(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **options: Unpack[_BtydScoreOptions],
    ) -> Table:
        """What the model expects of each customer.

        `alive_probability`, and with a horizon `expected_purchases` and `no_purchase_probability`, of models of
        purchases; `expected_spend` of `"gamma_gamma"`; `survival_ratio` and `retention_ratio` of
        `"shifted_beta_geometric"`. With a discount also `discounted_purchases` of `"pareto_nbd"` and
        `discounted_lifetime` of contracts. BG/NBD takes whoever has bought once to be there for certain: look at the
        probability of no purchase, or take another model.

        Args:
            customers: A row per customer, with the columns that the model was fitted on; of contracts only `duration`.
            **options: `horizon` (how far to look ahead), `discount_rate`.
        """

    def project_new_customer(self, horizons: Sequence[float]) -> Table:
        """What a new customer will do within each horizon: `expected_purchases`, or `survival_ratio` of contracts."""

    def simulate(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **options: Unpack[_BtydSimulationOptions],
    ) -> Table:
        """A customer drawn from the model for each row, of which only the time observed is read.

        Args:
            customers: `T`; `n` for `"bg_bb"`; `duration`, the most periods, for contracts; `x` for `"gamma_gamma"`.
            **options: `seed` (the same seed gives the same customers; 0 by default), `horizon` (tells `future_x` too).
        """

    def predict_next_purchase(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **options: Unpack[_NextPurchaseOptions],
    ) -> Table:
        """When each customer buys next, by a model of purchases.

        `return_probability` is that of a purchase within the horizon; `lower`, `median` and `upper` are times from the
        end of observation, for the case that the purchase is made within it. With `last_day` there are also
        `lower_day`, `median_day` and `upper_day`.

        Args:
            customers: `x`, `t_x`, `T`.
            **options: `horizon`, `confidence` (the probability of the interval, by default 0.8), `last_day` (the last
                day that the data know), `unit_days` (how many days a unit of time has; 7 for weeks, by default 1).
        """

    def review_next_purchase(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **options: Unpack[_NextPurchaseOptions],
    ) -> tuple[Table, Table]:
        """How well the next purchases were told that were held out.

        The first table has a row for each tenth of the customers' own distributions, with how many bought in it: alike
        where the model is right. The second has one row, with how many of the purchases fell into their interval.

        Args:
            customers: `x`, `t_x`, `T`, and `holdout_next`, the time to the next purchase, unknown without one.
            **options: As of `predict_next_purchase`; the horizon is the time held out.
        """

    def to_json(self) -> str:
        """The model as JSON."""

    @classmethod
    def from_json(cls, text: str) -> BtydModel:
        """The model of a JSON text."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class BtydFit:
    """A model that was fitted to customers, and how well."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of the fit."""

    @property
    def model(self) -> BtydModel:
        """The model with its parameters."""

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """A dict for each parameter: `name`, `value`, `standard_error`, `log_standard_error`."""

    @property
    def covariance(self) -> list[list[float]] | None:
        """The covariance of the parameters, row by row; None where the data do not settle all of them."""

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the likelihood, without the ridge."""

    @property
    def customer_count(self) -> int:
        """How many customers it is of."""

    @property
    def left_out_count(self) -> int:
        """Rows that are left out, because something is unknown of them or because they say nothing."""

    @property
    def converged(self) -> bool:
        """Whether the fit came to a maximum."""

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What is weak about the fit: dicts of `kind`, `parameter`, `message`; empty where nothing is."""

    def to_table(self) -> Table:
        """A row per parameter."""

    def to_covariance_table(self) -> Table:
        """A row per pair of parameters."""

    def to_summary_table(self) -> Table:
        """One row: likelihood, counts, whether it settled, its condition, whether something is weak."""

    def to_note_table(self) -> Table:
        """A row for each thing that is weak."""

    def to_json(self) -> str:
        """The fit as JSON."""

    @classmethod
    def from_json(cls, text: str) -> BtydFit:
        """The fit of a JSON text."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def forecast_lifetime_value(
    customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
    purchases: BtydFit,
    spend: BtydFit,
    **options: Unpack[_LifetimeValueOptions],
) -> LifetimeValueForecast:
    """What customers have brought and will bring, with 95 % intervals.

    The intervals say how sure the expected value is, given how sure the fits are of their parameters (delta method);
    not how far one customer may fall from what is expected.

    Args:
        customers: A row per customer: `x`, `t_x`, `T`, `mean_spend`, and where there are any `spend` and `user`.
        purchases: A fit of `"bg_nbd"`, `"mbg_nbd"` or `"pareto_nbd"`.
        spend: A fit of `"gamma_gamma"`.
        **options: `period_count` (how many periods to look ahead, by default 12; None for ever, of `"pareto_nbd"` with
            a discount), `period` (units of time of one, by default 1), `discount_rate` (for a period, by default 0),
            `margin_ratio` (what a purchase leaves of its price, by default 1), `time_unit` (by default the fit's).
    """

def share_of_top(values: Sequence[float | None], customer_ratios: Sequence[float]) -> Table:
    """How much the most valuable customers carry: a row for each share of them.

    Args:
        values: A value for each customer, from 0 on; None where it is unknown.
        customer_ratios: Shares of the customers, such as `[0.01, 0.1, 0.2]`.
    """

@final
class LifetimeValueModel:
    """All that a predicted value needs: how customers buy, what they spend, and what is asked."""

    def __new__(
        cls, purchases: BtydModel, spend: BtydModel, **options: Unpack[_LifetimeValueOptions]
    ) -> LifetimeValueModel:
        """A model of values.

        Args:
            purchases: `"bg_nbd"`, `"mbg_nbd"` or `"pareto_nbd"`.
            spend: `"gamma_gamma"`.
            **options: As of `forecast_lifetime_value`.
        """

    @property
    def purchases(self) -> BtydModel:
        """How customers buy."""

    @property
    def spend(self) -> BtydModel:
        """What a purchase is worth."""

    @property
    def options(self) -> dict[str, Any]:
        """Horizon, margin and discount."""

    @property
    def formula(self) -> str:
        """The formula of a predicted value, with its numbers."""

    def score(self, customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns) -> Table:
        """What each customer will bring, and has brought.

        `expected_purchases` (but for ever), `discounted_purchases`, `expected_spend`, `predicted_value`, and with a
        column `spend` also `historic_value` and `total_value`.
        """

    def rank_win_back(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **options: Unpack[_WinBackOptions],
    ) -> Table:
        """Lost customers, ranked by their value times the chance that they return.

        `row`, `user` where there is one, `silent_for`, `return_probability`, `value_if_back`, and `expected_value`, the
        product of the two.

        Args:
            customers: As of `score`.
            **options: `silent_at_least` (who has been silent so long is lost), `horizon` (within which a return counts;
                that of the model by default), `capacity` (how many to name at most).
        """

    def to_json(self) -> str:
        """The model as JSON."""

    @classmethod
    def from_json(cls, text: str) -> LifetimeValueModel:
        """The model of a JSON text."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class LifetimeValueForecast:
    """The values of the customers of a table, and how sure they are."""

    @property
    def model(self) -> LifetimeValueModel:
        """All that scores another customer alike."""

    @property
    def formula(self) -> str:
        """The formula of a predicted value, with its numbers."""

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What is weak about the two fits: dicts of `kind`, `parameter`, `message`; empty where nothing is."""

    def __len__(self) -> int: ...
    def to_table(self) -> Table:
        """A row per customer: what `LifetimeValueModel.score` tells, standard error, ends of the interval."""

    def to_summary_table(self) -> Table:
        """One row: the formula in words and in numbers, and the values of all customers."""

    def to_group_table(
        self,
        customers: Table | _ArrowStream | _ArrowArray | _Rows | _Columns,
        **groups: Unpack[_ValueGroups],
    ) -> Table:
        """The values of groups of customers: a row per group.

        Args:
            customers: A table with the rows of the forecast's own.
            **groups: `by` (a column: customers with one value are a group), `period` (`"day"`, `{"week": {}}` or
                `"month"`: dates of one period are a group, so that `by="first_day"` gives cohorts).
        """

    def to_note_table(self) -> Table:
        """A row for each thing that is weak about the fits."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> LifetimeValueForecast: ...

def fit_warning(log: EventLog, *, as_of: _Instant, **options: Unpack[_WarningOptions]) -> WarningFit:
    """Learns from a log's own past who will be lost: not active within a horizon.

    Users at risk three horizons before `as_of` are learnt from, those two before put the probabilities right, those one
    before judge the model beside what is simpler, and nothing else. No later event has any say.

    Args:
        log: The log.
        as_of: The instant.
        **options: `activity` (a dict of `events` and `where`; every event by default), `behaviour` (the events whose
            kinds are counted; every event by default), `behaviour_property` (a text property that tells kinds apart; by
            default the events' names do), `complaints` (none by default), `horizon_days` (default 30), `recent_days`
            (the window of changes; as the horizon by default), `silence_days_max` (who was silent for longer is lost
            already; default 90), `training_cut_count` (how many instants are learnt from; default 1), `ridge` (default
            1).

    Raises:
        EmptyError: Nobody was at risk to learn from, such as where the log is shorter than three horizons.
        InvalidArgumentError: All of those, or none, were lost.
    """

def read_warning_features(log: EventLog, *, as_of: _Instant, **options: Unpack[_WarningOptions]) -> Table:
    """What was known at an instant of everyone at risk: active before, and not silent for more than the limit.

    A row per user: `user`, `silence_days`, `silence_ratio` (beside the user's usual gap), `activity_slope`,
    `narrowing`, `no_activity_probability`, `complaint_count`, `refund_count`, `tenure_days`, `active_day_count`,
    `usual_gap_days`, `alive_probability`.

    Args:
        log: The log.
        as_of: The instant. No later event has any say.
        **options: As of `fit_warning`.
    """

@final
class WarningFit:
    """A model that was fitted to a log's past, and how well it did afterwards."""

    @property
    def model(self) -> WarningModel:
        """The model: all that a score needs."""

    @property
    def converged(self) -> bool:
        """Whether the fit came to a maximum."""

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What is weak: a dict of `kind`, `feature` and `message` for each. Read these first."""

    def to_table(self) -> Table:
        """A row for the intercept and each feature: `feature`, `coefficient`, `standard_error`, `mean`, `scale`."""

    def to_cut_table(self) -> Table:
        """A row per instant of the past: `kind` (training, calibration, test), `at`, `user_count`, `lost_count`."""

    def to_evaluation_table(self) -> Table:
        """A row per ranking of the held-out users: `ranking`, counts, `auc`, `average_precision`, and more.

        Rankings are `model`, `silence_days`, `gone_probability` (1 less the probability of being there, by MBG/NBD),
        `no_activity_probability` and `base_ratio`.
        """

    def to_top_table(self) -> Table:
        """A row per ranking and share: `ranking`, `top_ratio`, counts, `precision_ratio`, `lift`, `capture_ratio`."""

    def to_calibration_table(self) -> Table:
        """A row per bin of the held-out users: what the model foretold and what was observed, with its interval."""

    def to_note_table(self) -> Table:
        """A row for each thing that is weak: `kind`, `feature`, `message`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> WarningFit: ...

@final
class WarningModel:
    """A model that warns: all that is needed to score a user."""

    @property
    def options(self) -> dict[str, Any]:
        """What is warned of."""

    def score(self, log: EventLog, *, as_of: _Instant, **options: Unpack[_WarningScoreOptions]) -> Table:
        """Scores everyone at risk: a row per user, in the order of users.

        `user`, `probability` (of no activity within the horizon), `value` (what the user is worth in that time, in
        major units), `expected_loss` (probability times value), `reason_1` … in words.

        Args:
            log: The log.
            as_of: The instant.
            **options: `spending` (the events whose amounts are summed; every event by default), `value_days` (over how
                many days; default 365), `value_attribute` (a numeric attribute that says the value instead),
                `reason_count` (default 3).
        """

    def watch_list(
        self,
        log: EventLog,
        *,
        as_of: _Instant,
        capacity: int,
        order: Literal["expected_loss", "probability"] = "expected_loss",
        **options: Unpack[_WarningScoreOptions],
    ) -> tuple[Table, Table]:
        """The users to look after first, as many as can be, and one row of totals.

        The first table has `rank` and the columns of `score`; equal ones are by probability, then in the order of
        users. The second has `at_risk_count`, `listed_count`, `expected_loss`, `expected_loss_ratio` and
        `expected_lost_count`.

        Args:
            log: The log.
            as_of: The instant.
            capacity: How many users can be looked after; above 0. More than there are takes all.
            order: Who comes first.
            **options: As of `score`.
        """

    def read_user(self, log: EventLog, user: _User, *, as_of: _Instant) -> dict[str, Any] | None:
        """The features of one user, as `probability` and `explain` read them; None for one who is not at risk."""

    def probability(self, features: _Definition) -> float:
        """The probability of no activity within the horizon: a pure function of one user's features."""

    def explain(self, features: _Definition) -> Explanation:
        """Why the probability is what it is: what each feature adds to the log-odds, and why."""

    def to_json(self) -> str:
        """The model as JSON."""

    @classmethod
    def from_json(cls, text: str) -> WarningModel:
        """The model of a JSON text."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def evaluate_ranking(
    ranking: Table | _ArrowStream | _ArrowArray | _Rows | _Columns, **options: Unpack[_EvaluationOptions]
) -> RankingEvaluation:
    """Holds scores against outcomes: the higher the score, the more the outcome is expected. Equal scores are equal.

    Args:
        ranking: A row per user: `score`, and `outcome` (booleans, or 0 and 1).
        **options: `probabilities` (whether the scores are; default True), `top_ratios` (shares of the first places;
            default 1, 5, 10 and 20 %), `bin_count` (of the calibration; default 10).
    """

@final
class RankingEvaluation:
    """How well a ranking did."""

    @property
    def user_count(self) -> int:
        """How many users were ranked."""

    @property
    def positive_count(self) -> int:
        """How many had the outcome."""

    @property
    def auc(self) -> float | None:
        """The chance that of two users the one with the outcome has the higher score; None where all or none had it."""

    @property
    def average_precision(self) -> float | None:
        """The mean precision over those with the outcome; None where nobody had it."""

    @property
    def brier_score(self) -> float | None:
        """The mean squared distance of the probability from the outcome; None where scores are no probabilities."""

    @property
    def log_loss(self) -> float | None:
        """The mean of -ln of the probability of what came true; None where scores are no probabilities."""

    @property
    def expected_calibration_error(self) -> float | None:
        """The mean distance of what was foretold from what was observed; None where scores are no probabilities."""

    def to_table(self) -> Table:
        """One row: all figures."""

    def to_top_table(self) -> Table:
        """A row per share: `top_ratio`, `user_count`, `positive_count`, `precision_ratio`, `lift`, `capture_ratio`."""

    def to_calibration_table(self) -> Table:
        """A row per bin: `bin`, `user_count`, `predicted_ratio`, `observed_ratio` with its interval."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> RankingEvaluation: ...

def fit_logistic(
    table: Table | _ArrowStream | _ArrowArray | _Rows | _Columns, **options: Unpack[_LogisticOptions]
) -> LogisticFit:
    """Fits a logistic regression to the rows of a table. Rows with something unknown are left out.

    Args:
        table: Numbers, and an outcome of booleans, or 0 and 1.
        **options: `outcome` (its column), `columns` (every other column by default), `ridge` (half of it times the
            squares of the coefficients is taken off the log-likelihood; 0 by default), `iterations_max`.

    Raises:
        InvalidArgumentError: All or no rows have the outcome, or a column is a combination of others.
    """

@final
class LogisticFit:
    """A logistic regression that was fitted to a table."""

    @property
    def coefficients(self) -> list[dict[str, Any]]:
        """A dict of `name`, `value` and `standard_error` for the intercept and for each column."""

    @property
    def converged(self) -> bool:
        """Whether the fit came to a maximum."""

    @property
    def separated(self) -> bool:
        """Whether the columns tell the outcomes apart without an error."""

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the likelihood, without the ridge."""

    def score(self, table: Table | _ArrowStream | _ArrowArray | _Rows | _Columns) -> Table:
        """The `probability` of the outcome for each row; unknown where something is."""

    def to_table(self) -> Table:
        """A row per coefficient: `column`, `value`, `standard_error`."""

    def to_summary_table(self) -> Table:
        """One row: `log_likelihood`, counts, `iteration_count`, `converged`, `separated`."""

    def to_json(self) -> str:
        """The fit as JSON."""

    @classmethod
    def from_json(cls, text: str) -> LogisticFit:
        """The fit of a JSON text."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def attribute_conversions(log: EventLog, *, as_of: _Instant, **options: Unpack[_AttributionOptions]) -> Attribution:
    """Shares conversions out over channels, by one model or several.

    Args:
        log: The log.
        as_of: The instant.
        **options: `conversion` (a dict of `events` and `where`), `touches` (`{"property": {"property": …, "touch":
            {…}}}`, or `{"patterns": [{"channel": …, "events": […]}]}`), `models` (`"first"`, `"last"`,
            `"last_non_direct"`, `"linear"`, `{"position": {…}}`, `{"time_decay": {…}}`, `"markov"`, `{"shapley":
            {"coalition": "conversions"}}` or `"rate"`; the first six by default), `window`, `lookback` (default 30
            days), `touches_reused`, `direct_channels` (default `["direct"]`), `cost_minor` (a dict of channels).
    """

@final
class Attribution:
    """What each channel is credited with."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that conversions were attributed with."""

    @property
    def conversion_count(self) -> int:
        """How many conversions count."""

    @property
    def unattributed_count(self) -> int:
        """How many of them no touch precedes."""

    @property
    def value_minor(self) -> int:
        """The amounts of all conversions that count, in minor units."""

    @property
    def ended_count(self) -> int:
        """Journeys that came to no conversion."""

    @property
    def open_count(self) -> int:
        """Journeys that may yet come to one."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each model and channel."""

    def to_table(self) -> Table:
        """A row per model and channel."""

    def to_summary_table(self) -> Table:
        """One row: the conversions and journeys of all channels."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Attribution: ...

def period_ends(log: EventLog, period: str | _Definition, *, first: _Instant, last: _Instant) -> list[datetime]:
    """The last instant of each calendar period from the one of `first` to the one of `last`, in the log's zone."""

def wilson_interval(count: int, of_count: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of the share `count` of `of_count`; `None` where it is of nobody.

    It is what stands beside the shares of ladders, retention and funnels; see docs/formulas.md.
    """

def sample_log(kind: str = "community", **options: Unpack[_SampleOptions]) -> EventLog:
    """An invented log, the same to the last bit on every machine.

    Args:
        kind: `"community"` or `"content_app"`.
        **options: `seed`, `users`, `days`, `start` (a date), `zone`.
    """

def sample_users(kind: str = "community", **options: Unpack[_SampleOptions]) -> Table:
    """The users of an invented log and their attributes, a row per user; as `sample_log`."""

@final
class Currency:
    """A currency, by its ISO 4217 code."""

    def __new__(cls, code: str) -> Currency: ...
    @property
    def code(self) -> str:
        """The ISO 4217 code."""

    @property
    def decimals(self) -> int:
        """How many digits of major units come after the point."""

    @property
    def minor_per_major(self) -> int:
        """How many minor units make a major one."""

    def format(self, minor: int) -> str:
        """An amount of minor units as the currency writes it, such as `12.50`."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

_Measures: TypeAlias = Buyers | _ArrowStream | _ArrowArray | dict[str, Any]

@final
class Buyers:
    """Every user with an order, and the three measures of each, in the order of the log's users."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the buyers were measured with."""

    @property
    def rfm_options(self) -> dict[str, Any]:
        """Options of a model that state what was measured."""

    def users(self) -> list[_User]:
        """The ids of the buyers, in the order of the rows."""

    def to_table(self) -> Table:
        """A row per buyer: `user`, `recency`, `frequency`, `monetary`."""

    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, options: str) -> Buyers: ...

def measure_buyers(log: EventLog, *, as_of: _Instant, **options: Unpack[_BuyerOptions]) -> Buyers:
    """Measures every user with an order at `as_of`.

    Args:
        log: The log.
        as_of: The instant.
        **options: `orders` (names of order events), `recency` (`"days"` or `"micros"`), `frequency`
            (`"purchase_days"` or `"orders"`), `monetary` (`"sum"` or `"mean_per_order"`, in minor units).

    Raises:
        UnknownNameError: The log has no such event.
    """

@final
class RfmScore:
    """A score of recency, frequency and monetary value, each from 1, the best the highest. `str` gives `"545"`."""

    def __new__(cls, recency: int, frequency: int, monetary: int) -> RfmScore: ...
    @property
    def recency(self) -> int:
        """The score of recency."""

    @property
    def frequency(self) -> int:
        """The score of frequency."""

    @property
    def monetary(self) -> int:
        """The score of monetary value."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class RfmModel:
    """The cuts that a population gave, by which anybody is scored, in the population or not.

    Measures are columns of whole numbers or floats: buyers, a data frame or a dict of lists with `recency`, `frequency`
    and `monetary`.
    """

    @classmethod
    def fit(cls, measures: _Measures, **options: Unpack[_RfmOptions]) -> RfmModel:
        """Fits a model on a population.

        Args:
            measures: A row per user; an unknown value is refused.
            **options: `recency`, `frequency`, `monetary` (each `name`, `direction`, `bins`, `method`), `nesting`
                (`"independent"` or `"nested"`), `frequency_measure`, `monetary_measure`. Without any, buyers state
                what was measured of them.

        Raises:
            EmptyError: There is no user.
            InvalidArgumentError: A value is unknown or not finite, or the columns differ in length.
            InvalidDefinitionError: The options contradict themselves.
        """

    @property
    def options(self) -> dict[str, Any]:
        """The options that the model was fitted with."""

    @property
    def user_count(self) -> int:
        """How many users the model was fitted on."""

    @property
    def recency_cuts(self) -> dict[str, Any]:
        """The cuts of recency: `direction`, `comparison`, and `values` from the worst to the best."""

    def frequency_cuts(self, recency_score: int = 1) -> dict[str, Any]:
        """The cuts of frequency; of nested bins those within a recency score."""

    def monetary_cuts(self, recency_score: int = 1, frequency_score: int = 1) -> dict[str, Any]:
        """The cuts of monetary value; of nested bins those within a recency and a frequency score."""

    def score(self, recency: float, frequency: float, monetary: float) -> RfmScore:
        """The score of one user. A measure has the type that the model was fitted on."""

    def score_columns(self, measures: _Measures) -> list[RfmScore]:
        """The scores of all rows."""

    def score_table(self, measures: _Measures) -> Table:
        """The scores of all rows as a table: `recency`, `frequency`, `monetary`."""

    def explain(self, recency: float, frequency: float, monetary: float) -> Explanation:
        """Why one user has the score, and what would raise it."""

    def to_dict(self) -> dict[str, Any]:
        """The model as plain data."""

    @classmethod
    def from_dict(cls, model: _Definition) -> RfmModel:
        """Reads what `to_dict` has written; refuses parts that do not fit together."""

    def to_json(self) -> str:
        """The model as JSON, which every language reads the same."""

    @classmethod
    def from_json(cls, text: str) -> RfmModel:
        """Reads what `to_json` has written; refuses parts that do not fit together."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class CellScheme:
    """Names for cells of scores: each score belongs to one segment."""

    def __new__(
        cls,
        segments: Sequence[_Definition],
        *,
        bins: tuple[int, int, int] | Sequence[int] = ...,
        remainder: str | None = None,
    ) -> CellScheme:
        """A scheme of segments, each with a `name` and ranges such as `[4, 5]` of recency, frequency and monetary.

        There are `bins` scores of recency, frequency and monetary value, by default five each.

        Raises:
            InvalidDefinitionError: A cell is claimed twice, or by none where there is no remainder.
        """

    @classmethod
    def ten_segments(cls) -> CellScheme:
        """The ten common segments by recency and frequency."""

    @property
    def bins(self) -> tuple[int, int, int]:
        """How many scores of recency, frequency and monetary value there are."""

    @property
    def names(self) -> list[str]:
        """The names of all segments."""

    def segment(self, score: RfmScore) -> str:
        """The segment of one score."""

    def segments(self, scores: Iterable[RfmScore]) -> list[str]:
        """The segments of many scores."""

    def explain(self, score: RfmScore) -> Explanation:
        """Why a score is in its segment."""

    def to_dict(self) -> dict[str, Any]:
        """The scheme as plain data."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> CellScheme: ...

@final
class EightGroupScheme:
    """The eight value groups: each of the three measures high or low."""

    @classmethod
    def fit(cls, measures: _Measures, **options: Unpack[_EightGroupOptions]) -> EightGroupScheme:
        """Fits the thresholds on a population.

        Args:
            measures: As of `RfmModel.fit`.
            **options: `recency`, `frequency`, `monetary`, each `name`, `direction`, `threshold` (`"mean"`, `"median"`
                or `{"fixed": …}`) and `comparison` (`"at_least"` or `"above"`).
        """

    @classmethod
    def group_names(cls) -> dict[str, str]:
        """Every group's name in English, with that in Chinese; the most valuable first."""

    @property
    def thresholds(self) -> dict[str, int | float]:
        """The threshold of each measure."""

    def group(self, recency: float, frequency: float, monetary: float) -> str:
        """The group of one user."""

    def groups(self, measures: _Measures) -> list[str]:
        """The groups of all rows."""

    def explain(self, recency: float, frequency: float, monetary: float) -> Explanation:
        """Why one user is in the group."""

    def to_dict(self) -> dict[str, Any]:
        """The scheme as plain data."""

    def to_json(self) -> str:
        """The scheme as JSON, which every language reads the same."""

    @classmethod
    def from_json(cls, text: str) -> EightGroupScheme:
        """Reads what `to_json` has written."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ContributionModel:
    """The ranks and cuts that a population gave: core, middle and outer users by what they contribute."""

    @classmethod
    def fit(
        cls,
        columns: dict[str, Any],
        *,
        active_periods: Sequence[int] | None = None,
        cost: Sequence[float] | None = None,
        **rules: Unpack[_ContributionRules],
    ) -> ContributionModel:
        """Fits a model on a population.

        Args:
            columns: What users contribute, by dimension; a row per user.
            active_periods: In how many periods each user was active, where the rules ask for steadiness.
            cost: What each user cost, where users who cost more than they bring are junk.
            **rules: `dimensions` (each `name` and `weight`), `core_ratio`, `middle_ratio`, `period_count`,
                `active_periods_min`.

        Raises:
            UnknownNameError: The rules name a dimension that is not there.
            InvalidArgumentError: A value is negative, unknown or not finite, or columns differ in length.
            InvalidDefinitionError: The rules contradict themselves.
        """

    @classmethod
    def tier_names(cls) -> dict[str, str]:
        """Every tier's name in English, with that in Chinese."""

    @property
    def rules(self) -> dict[str, Any]:
        """The rules that the model was fitted with."""

    @property
    def user_count(self) -> int:
        """How many users the model was fitted on."""

    @property
    def contributor_count(self) -> int:
        """How many of them contributed anything."""

    @property
    def core_cut(self) -> float | None:
        """The least score of the core; `None` where nobody contributed."""

    @property
    def middle_cut(self) -> float | None:
        """The least score of the middle."""

    def score(
        self, values: Sequence[float], *, active_periods: int | None = None, cost: float | None = None
    ) -> dict[str, Any]:
        """The `score` and `tier` of one user, whose values come in the order of the rules' dimensions."""

    def score_columns(
        self,
        columns: dict[str, Any],
        *,
        active_periods: Sequence[int] | None = None,
        cost: Sequence[float] | None = None,
    ) -> Table:
        """A row per user: `score`, `tier`."""

    def explain(
        self, values: Sequence[float], *, active_periods: int | None = None, cost: float | None = None
    ) -> Explanation:
        """Why one user has the score and tier."""

    def to_dict(self) -> dict[str, Any]:
        """The model as plain data."""

    def to_json(self) -> str:
        """The model as JSON, which every language reads the same."""

    @classmethod
    def from_json(cls, text: str) -> ContributionModel:
        """Reads what `to_json` has written."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def share_by_tier(tiers: Sequence[str], measure: Sequence[int]) -> list[dict[str, Any]]:
    """How many users each tier has and what they bring of a measure.

    Each dict has `tier`, `user_count`, `user_ratio`, `sum` and `sum_ratio`.
    """

@final
class Dimension:
    """A column with a row per user, by whose values a portrait tells users apart."""

    def __new__(
        cls,
        name: str,
        values: Iterable[_Value | None],
        *,
        type: str | None = None,
        zone: _Zone | None = None,
    ) -> Dimension:
        """Values in the order of the log's users; `type` says what they are where all are unknown.

        `zone` is that of the calendar months into which instants are sorted, by default UTC.
        """

    @classmethod
    def of_table(cls, table: Table, column: str, *, zone: _Zone | None = None) -> Dimension:
        """A column of a table whose rows are in the order of the log's users."""

    @classmethod
    def attributes(cls, log: EventLog) -> list[Dimension]:
        """A dimension for each attribute of a log's users."""

    @property
    def name(self) -> str:
        """The name of the dimension."""

    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, table: Table, name: str, zone: str) -> Dimension: ...

@final
class Portrait:
    """How an audience differs from all users. `str(portrait)` is a text table.

    Cells of few users are kept from view unless the options say otherwise.
    """

    @property
    def audience_count(self) -> int:
        """How many users the audience has."""

    @property
    def everyone_count(self) -> int:
        """How many users there are."""

    @property
    def options(self) -> dict[str, Any]:
        """The options that the portrait was built with."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each value of each dimension.

        It has `dimension`, `value`, `kind`, `suppressed`, counts and ratios of audience and everyone, the audience's
        interval, and `lift`.
        """

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """Means and medians of audience and everyone, for each dimension of numbers."""

    def most_distinctive(self, rows_max: int | None = None) -> list[dict[str, Any]]:
        """The rows that tell most about the audience, the most telling first."""

    def to_table(self) -> Table:
        """A row per value."""

    def to_summary_table(self) -> Table:
        """A row per dimension of numbers."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Portrait: ...

def build_portrait(
    audience: Segment | Sequence[bool], dimensions: Sequence[Dimension], **options: Unpack[_PortraitOptions]
) -> Portrait:
    """Builds the portrait of an audience against all users.

    Args:
        audience: A segment, or a bool per user.
        dimensions: What to tell users apart by.
        **options: `bins` (default 5), `values_max` (default 20), `small_cells` (`"merge"`, `"suppress"` or `"show"`),
            `cell_users_min` (default 5).

    Raises:
        EmptyError: There is no user at all.
        InvalidArgumentError: A dimension does not have a row for each user, or an option is out of range.
    """

@final
class Segment:
    """A set of users of one log.

    It works as a set of user ids: `user in segment`, `len`, iteration (ascending), `& | - ^ ~`, `<=`, `==`. Segments of
    logs with different users are not joined, but refused; compare them with `diff_by_id`. Pickled as log and bytes.
    """

    @classmethod
    def of_ids(cls, log: EventLog, ids: Iterable[_User]) -> Segment:
        """The users of these ids; an `UnknownNameError` lists those that the log does not know."""

    @classmethod
    def find_ids(cls, log: EventLog, ids: Iterable[_User]) -> tuple[Segment, list[_User]]:
        """The users of these ids as far as the log knows them, and the ids that it does not know."""

    @classmethod
    def everybody(cls, log: EventLog) -> Segment:
        """All users of the log."""

    @classmethod
    def nobody(cls, log: EventLog) -> Segment:
        """No user of the log."""

    @classmethod
    def at_least(cls, count: int, *segments: Segment) -> Segment:
        """Who is in at least `count` of the segments."""

    @classmethod
    def from_bytes(cls, log: EventLog, bytes: bytes) -> Segment:
        """The segment of bytes in the portable format of Roaring bitmaps."""

    def to_bytes(self) -> bytes:
        """The members' numbers in the log, in the portable format of Roaring bitmaps; keep the log beside it."""

    @property
    def log(self) -> EventLog:
        """The log that the users are of."""

    @property
    def user_count(self) -> int:
        """How many users there are, in the segment and outside."""

    @property
    def ratio(self) -> float | None:
        """The members' share of all users; `None` where there is no user."""

    def ids(self) -> list[_User]:
        """The ids of the members, ascending."""

    def to_table(self) -> Table:
        """A row per member: `user`."""

    def issubset(self, other: Segment) -> bool:
        """Whether every member is in the other as well."""

    def isdisjoint(self, other: Segment) -> bool:
        """Whether no user is in both."""

    def and_count(self, other: Segment) -> int:
        """How many are in both, without making the segment."""

    def or_count(self, other: Segment) -> int:
        """How many are in one of the two or both, without making the segment."""

    def and_not_count(self, other: Segment) -> int:
        """How many are in this one and not in the other, without making the segment."""

    def xor_count(self, other: Segment) -> int:
        """How many are in one of the two and not in both, without making the segment."""

    def diff(self, after: Segment) -> SegmentDiff:
        """Who enters, leaves and stays from this segment to a later one of the same users."""

    def __len__(self) -> int: ...
    def __contains__(self, user: object, /) -> bool: ...
    def __iter__(self) -> Iterator[_User]: ...
    def __and__(self, other: Segment, /) -> Segment: ...
    def __rand__(self, other: Segment, /) -> Segment: ...
    def __or__(self, other: Segment, /) -> Segment: ...
    def __ror__(self, other: Segment, /) -> Segment: ...
    def __sub__(self, other: Segment, /) -> Segment: ...
    def __rsub__(self, other: Segment, /) -> Segment: ...
    def __xor__(self, other: Segment, /) -> Segment: ...
    def __rxor__(self, other: Segment, /) -> Segment: ...
    def __invert__(self) -> Segment: ...
    def __le__(self, other: Segment, /) -> bool: ...
    def __ge__(self, other: Segment, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class SegmentDiff:
    """Who entered, left and stayed between two segments of the same users."""

    @property
    def entered(self) -> Segment:
        """Who is in it after and was not before."""

    @property
    def left(self) -> Segment:
        """Who was in it before and is not after."""

    @property
    def stayed(self) -> Segment:
        """Who is in it before and after."""

    def to_table(self) -> Table:
        """A row per user who moved: `user`, `movement`."""

    def __reduce__(self) -> tuple[Any, ...]: ...

def assign_segment(log: EventLog, segment: _Definition, *, as_of: _Instant, outcome: Outcome | None = None) -> Segment:
    """The users who are in a segment by its definition, without a playbook.

    Args:
        log: The log.
        segment: A dict as in a playbook: `name`, a rule `when`, and where wanted `unknown`, `include` and `exclude`
            (user ids).
        as_of: The instant.
        outcome: An outcome over this log, whose tags, segments, scores and stages the rule may ask for.
    """

def explain_segment(
    log: EventLog, segment: _Definition, user: _User, *, as_of: _Instant, outcome: Outcome | None = None
) -> Explanation:
    """Why one user is in a segment or not, and when time alone would change it; arguments as of `assign_segment`."""

def explain_moves(
    log: EventLog,
    segment: _Definition,
    *,
    before: _Instant,
    after: _Instant,
    outcome_before: Outcome | None = None,
    outcome_after: Outcome | None = None,
    users_max: int = 100,
) -> list[dict[str, Any]]:
    """Why users entered and left a segment between two instants.

    A dict for each of the first `users_max` who moved, in the order of the log's users: `user`, `movement` (`"entered"`
    or `"left"`), and the explanations `before` and `after`.
    """

@final
class Tags:
    """The tags of all users by a list of definitions, without a playbook. See `assign_tags`."""

    @property
    def as_of(self) -> datetime:
        """The instant of the tags."""

    @property
    def names(self) -> list[str]:
        """The names of the tags, in order."""

    @property
    def left_out(self) -> dict[str, list[tuple[int, int | str]]]:
        """Which of the `manual_tags` were left out: their places, with the `users` or `tags` that are not known."""

    def to_table(self) -> Table:
        """A row per user: `user`, and a column per tag; of a preference a further column per rank, `name.2`."""

    def counts(self) -> Table:
        """A row per tag and value: how many users have it."""

    def tags_of(self, user: _User) -> dict[str, _Value]:
        """The tags of one user with their values."""

    def explain(self, user: _User, tag: str) -> Explanation:
        """Why one user has a tag or not, and when time alone would change it."""

    def changes(self, since: Tags) -> Table:
        """Who gained, lost and changed tags since earlier ones: a row per user and tag."""

    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, outcome: Outcome | None, request: tuple[str, str, bool]) -> Tags: ...

def assign_tags(
    log: EventLog,
    tags: Sequence[_Definition],
    *,
    as_of: _Instant,
    outcome: Outcome | None = None,
    manual_tags: list[dict[str, Any]] | None = None,
    known_only: bool = False,
) -> Tags:
    """Assigns tags to all users of a log, from a list of definitions.

    Args:
        log: The log.
        tags: Dicts as in a playbook, such as `{"name": "buyer", "kind": {"rule": 'count("order") >= 1'}}`; each may
            build on those before it.
        as_of: The instant.
        outcome: An outcome over this log, whose tags, segments, scores and stages the rules may ask for.
        manual_tags: The acts by which people put tags on or took them off, as for `Playbook.evaluate`.
        known_only: Leave out the acts on users and tags that are not known, which `left_out` tells, in place of an
            error.
    """

def diff_by_id(before: Segment, after: Segment) -> dict[str, Any]:
    """Who enters, leaves and stays between segments of two logs, told by user id.

    The dict has lists of ids `entered`, `left` and `stayed`, and how many of those who entered are new to the log
    (`entered_new_count`) and how many of those who left are gone from it (`left_gone_count`).
    """

def overlap(segments: dict[str, Segment]) -> Table:
    """How many users segments share: a row per ordered pair, with counts, Jaccard's index and shares."""

def count_users(inside: Sequence[Segment], outside: Sequence[Segment] = ...) -> int:
    """How many users are in all segments of `inside` and in none of `outside`, without making a segment."""

_RuleForm: TypeAlias = Rule | str | _Definition
_FilterForm: TypeAlias = Filter | _Definition
_Window: TypeAlias = str | _Definition

@final
class Rule:
    """A question about one user that is true, false or unknown.

    Written as an expression (`uo.count("order", last=uo.days(30)) >= 2`), as text in the syntax of CEL, or as a tree of
    dicts: all stand for the same. Join with `&`, `|` and `~`, in parentheses. `str(rule)` is the text.
    """

    def __new__(cls, rule: _RuleForm) -> Rule:
        """A rule from its text, its tree or another rule.

        Raises:
            InvalidDefinitionError: The text or tree is no rule; the message holds line and column.
            UnknownNameError: The text names a function that there is none of.
        """

    def check(
        self, *, log: EventLog | None = None, schema: _Definition | None = None, outcome: Outcome | None = None
    ) -> None:
        """Refuses a rule that cannot be meant: unknown names, types that do not go together, a constant answer.

        Events, properties and attributes are those of a log or a schema, where one is given; tags, segments, stages and
        scores those of an outcome. All that ask a log check first.
        """

    def judge(self, log: EventLog, user: _User, *, as_of: _Instant, outcome: Outcome | None = None) -> bool | None:
        """Whether it holds for one user, by the scalar definition; `None` where that is unknown.

        `outcome` answers what the rule asks of tags, segments, stages and scores.
        """

    def segment(
        self, log: EventLog, *, as_of: _Instant, unknown: str | None = None, outcome: Outcome | None = None
    ) -> Segment:
        """The users for whom it holds, and those for whom it is unknown where `unknown` is `"in"`."""

    def explain(self, log: EventLog, user: _User, *, as_of: _Instant, outcome: Outcome | None = None) -> Explanation:
        """Why it holds for one user or not."""

    def next_change(
        self, log: EventLog, user: _User, *, as_of: _Instant, until: _Instant, outcome: Outcome | None = None
    ) -> tuple[datetime, bool | None] | None:
        """The first instant up to `until` at which time alone changes the answer for one user, and the answer then."""

    def to_dict(self) -> dict[str, Any]:
        """The rule as a tree."""

    def __and__(self, other: _RuleForm, /) -> Rule: ...
    def __rand__(self, other: _RuleForm, /) -> Rule: ...
    def __or__(self, other: _RuleForm, /) -> Rule: ...
    def __ror__(self, other: _RuleForm, /) -> Rule: ...
    def __invert__(self) -> Rule: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Rule: ...

@final
class Measure:
    """Something that is measured of one user; comparing it with a value makes a rule. `str(measure)` is its text."""

    def __new__(cls, measure: Measure | str | _Definition) -> Measure:
        """A measure from its text, its tree or another measure."""

    def check(
        self, *, log: EventLog | None = None, schema: _Definition | None = None, outcome: Outcome | None = None
    ) -> str | None:
        """Refuses a measure of what a log or schema does not have; the type of its values where that is known."""

    def value(self, log: EventLog, user: _User, *, as_of: _Instant, outcome: Outcome | None = None) -> _Value | None:
        """The value of one user, by the scalar definition; `None` where it is unknown. Money is in minor units."""

    def values(self, log: EventLog, *, as_of: _Instant, outcome: Outcome | None = None) -> Table:
        """A row per user: `user`, `value`. Money is in minor units."""

    def one_of(self, values: Iterable[_Value]) -> Rule:
        """The rule that it is one of the values."""

    def is_known(self) -> Rule:
        """The rule that there is a value."""

    def is_unknown(self) -> Rule:
        """The rule that there is no value."""

    def is_empty(self) -> Rule:
        """The rule that it is the empty text."""

    def starts_with(self, text: str) -> Rule:
        """The rule that it begins with the text."""

    def ends_with(self, text: str) -> Rule:
        """The rule that it ends with the text."""

    def contains(self, text: str) -> Rule:
        """The rule that it has the text within."""

    def to_dict(self) -> dict[str, Any]:
        """The measure as a tree."""

    def __eq__(self, other: _Value, /) -> Rule: ...  # type: ignore[override]
    def __ne__(self, other: _Value, /) -> Rule: ...  # type: ignore[override]
    def __lt__(self, other: _Value, /) -> Rule: ...
    def __le__(self, other: _Value, /) -> Rule: ...
    def __gt__(self, other: _Value, /) -> Rule: ...
    def __ge__(self, other: _Value, /) -> Rule: ...
    def __bool__(self) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Measure: ...

@final
class Property:
    """A property of an event; comparing it makes a filter. `amount` is the event's money in major units."""

    def __new__(cls, name: str) -> Property: ...
    def one_of(self, values: Iterable[_Value]) -> Filter:
        """The filter that it is one of the values."""

    def is_known(self) -> Filter:
        """The filter that the event has the property."""

    def is_unknown(self) -> Filter:
        """The filter that the event lacks the property."""

    def is_empty(self) -> Filter:
        """The filter that it is the empty text."""

    def starts_with(self, text: str) -> Filter:
        """The filter that it begins with the text."""

    def ends_with(self, text: str) -> Filter:
        """The filter that it ends with the text."""

    def contains(self, text: str) -> Filter:
        """The filter that it has the text within."""

    def __eq__(self, other: _Value, /) -> Filter: ...  # type: ignore[override]
    def __ne__(self, other: _Value, /) -> Filter: ...  # type: ignore[override]
    def __lt__(self, other: _Value, /) -> Filter: ...
    def __le__(self, other: _Value, /) -> Filter: ...
    def __gt__(self, other: _Value, /) -> Filter: ...
    def __ge__(self, other: _Value, /) -> Filter: ...
    def __bool__(self) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Filter:
    """A condition on the properties of an event. Join with `&`, `|` and `~`, in parentheses."""

    def __new__(cls, filter: _FilterForm) -> Filter:
        """A filter from its tree or another filter."""

    def to_dict(self) -> dict[str, Any]:
        """The filter as a tree."""

    def __and__(self, other: _FilterForm, /) -> Filter: ...
    def __rand__(self, other: _FilterForm, /) -> Filter: ...
    def __or__(self, other: _FilterForm, /) -> Filter: ...
    def __ror__(self, other: _FilterForm, /) -> Filter: ...
    def __invert__(self) -> Filter: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Filter: ...

def count(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """How many events.

    Args:
        *events: Names of events; any of them counts, and without a name every event.
        where: A filter on the events' properties.
        last: Only events of this span before `as_of`, such as `uo.days(30)`.
        window: Only events in this window, as `Calendar.window_range` takes it.
        around: Only events around an attribute of the user: `{"attribute": …, "from": span, "until": span}`.
        observed: `"window"` where the measure is unknown for users whose first event is later than the window's start.
    """

def active_days(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """On how many local days there was an event. Arguments as of `count`."""

def first_time(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The instant of the first event. Arguments as of `count`."""

def last_time(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The instant of the last event. Arguments as of `count`."""

def days_since_first(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """Local days since the first event. Arguments as of `count`."""

def days_since_last(
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """Local days since the last event. Arguments as of `count`."""

def sum(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The sum of a property over events. `amount` is money; arguments as of `count`."""

def min(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The least value of a property over events. `amount` is money; arguments as of `count`."""

def max(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The greatest value of a property over events. `amount` is money; arguments as of `count`."""

def mean(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The mean of a property over events. `amount` is money; arguments as of `count`."""

def distinct(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """How many different values a property has over events. `amount` is money; arguments as of `count`."""

def latest(
    property: str,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """The property of the latest event. `amount` is money; arguments as of `count`."""

def days_since_return(
    silence_days: int,
    *events: str,
    where: _FilterForm | None = None,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    observed: str | None = None,
) -> Measure:
    """Local days since the user last came back after so many days of silence. Arguments as of `count`."""

def attribute(name: str) -> Measure:
    """A user attribute."""

def age(attribute: str, unit: str | None = None) -> Measure:
    """The age of a date or time attribute, in `"years"` (default), `"months"` or `"days"`."""

def score(name: str) -> Measure:
    """A column of a score, such as `rfm.recency`."""

def tag(name: str) -> Measure:
    """The value of a tag."""

def stage() -> Measure:
    """The lifecycle stage."""

def bucket(salt: str, buckets: int, hash: str | None = None) -> Measure:
    """The user's place among hash buckets, from 0 on: by `"userops"` (default), `"fnv1a"` or `"murmur3"`."""

def has_tag(name: str) -> Rule:
    """The user has the tag."""

def in_segment(name: str) -> Rule:
    """The user is in the segment."""

def in_stage(name: str) -> Rule:
    """The user is in the lifecycle stage."""

def is_user(ids: Iterable[_User]) -> Rule:
    """The user is one of these."""

def anniversary(attribute: str, *, days_before: int = 0, days_after: int = 0, leap_day: str | None = None) -> Rule:
    """The anniversary of a date attribute is near."""

def at_least(count: int, *rules: _RuleForm) -> Rule:
    """At least so many of the rules hold."""

@final
class Step:
    """A step of a sequence."""

    def __new__(
        cls,
        *events: str,
        where: _FilterForm | None = None,
        gap_min: _Span | None = None,
        gap_max: _Span | None = None,
        without: Sequence[str | _Definition] | None = None,
    ) -> Step:
        """One of the events, so long after the step before at least and at most, and none of `without` in between."""

    def to_dict(self) -> dict[str, Any]:
        """The step as a tree."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Step: ...

def sequence(
    *steps: str | Step | _Definition,
    last: _Span | None = None,
    window: _Window | None = None,
    around: _Definition | None = None,
    within: _Span | None = None,
    strictly_later: bool = False,
) -> Rule:
    """The user went through the steps in order.

    Args:
        *steps: Each the name of an event, or a `Step`.
        last: Only events of this span before `as_of`.
        window: Only events in this window.
        around: Only events around an attribute of the user.
        within: The longest time from the first step to the last.
        strictly_later: Whether each step has to be later than the one before, not at the same instant.
    """

@final
class Playbook:
    """How a product runs its users, as one document: schema, scores, tags, lifecycle, segments, milestones."""

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Playbook:
        """Reads a file, TOML unless its name ends in `.json`, and checks it.

        Raises:
            InvalidDefinitionError: Or a more special error; the message begins with file, line and column.
            FileError: The file cannot be read.
        """

    @classmethod
    def parse(cls, text: str, format: str = "toml") -> Playbook:
        """Reads a text in `"toml"` or `"json"`, and checks it; as `load`."""

    @classmethod
    def from_dict(cls, playbook: _Definition) -> Playbook:
        """Reads plain data, in which rules may be texts, trees or `Rule` objects, and checks it."""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of playbooks, for editors that complete and check as one types."""

    @property
    def name(self) -> str:
        """The name of the playbook."""

    @property
    def description(self) -> str:
        """What it is for."""

    @property
    def schema(self) -> dict[str, Any]:
        """What the log may hold: give it to `EventLog.read`."""

    @property
    def fingerprint(self) -> str:
        """A SHA-256 over every field, in hexadecimal: equal for equal playbooks in every language."""

    def to_dict(self) -> dict[str, Any]:
        """The playbook as plain data."""

    def to_toml(self) -> str:
        """The playbook as TOML, which reads back as an equal one."""

    def to_json(self) -> str:
        """The playbook as JSON, which reads back as an equal one."""

    def evaluate(
        self,
        log: EventLog,
        *,
        as_of: _Instant,
        manual_tags: list[_Definition] | None = None,
        calibration: Calibration | None = None,
        profiles: bool = True,
    ) -> Outcome:
        """Answers everything that the playbook asks, for every user of the log, as of an instant.

        Args:
            log: A log read with the playbook's schema.
            as_of: The instant.
            manual_tags: What people say: dicts with `user`, `tag`, `author`, `at`, and where it applies `value`,
                `action` (`"add"` or `"remove"`), `reason`, `expires`.
            calibration: What was taken from a population before, to be used in place of fitting it on this log: so
                answers at two instants, or of two parts of the users, can be compared.
            profiles: Whether to build profiles as well.

        Raises:
            InvalidDefinitionError: Zone or currency are not those of the log, or definitions do not fit it.
            InvalidArgumentError: The calibration is of another playbook.
            UnknownNameError: A definition names what the log does not have.
        """

    def calibrate(
        self,
        log: EventLog,
        *,
        as_of: _Instant,
        manual_tags: list[_Definition] | None = None,
    ) -> Calibration:
        """Takes from the users of a log, as of an instant, what the playbook takes from a population.

        Equal to the `calibration` of evaluating, at the cost of what is fitted alone.

        Args:
            log: A log read with the playbook's schema.
            as_of: The instant.
            manual_tags: What people say, as in `evaluate`; it matters where a score asks for such a tag.

        Raises:
            EmptyError: There are too few gaps between active days to derive thresholds from.
        """

    def own_calibration(self) -> Calibration:
        """The calibration of a playbook that takes nothing from a population.

        Raises:
            InvalidDefinitionError: A definition is fitted: an RFM score, or derived thresholds. The message names each.
        """

    def check_calibration(self, calibration: Calibration) -> None:
        """Refuses a calibration that is not of this playbook.

        Raises:
            InvalidArgumentError: It is of another playbook, by its fingerprint.
            InvalidDefinitionError: Its parts are not those of the playbook.
            TypeMismatchError: A model is of another kind than its score.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Calibration:
    """What a playbook takes from a population: the models of its scores, and its stages with derived thresholds.

    With it the answers of a user depend on that user alone. Pickled as JSON, which every language reads back to the
    last bit.
    """

    @property
    def playbook(self) -> str:
        """The name of the playbook."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the playbook; a calibration is used with an equal one alone."""

    @property
    def as_of(self) -> datetime | None:
        """The instant as of which the population was seen; `None` where the playbook takes nothing from one."""

    @property
    def score_models(self) -> dict[str, Any]:
        """The models of all scores by name, as plain data."""

    @property
    def lifecycle(self) -> Lifecycle | None:
        """The lifecycle with its thresholds settled; `None` where the playbook has none."""

    @property
    def derived_thresholds(self) -> dict[str, Any] | None:
        """How the thresholds were derived from the log's own gaps, where they were."""

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Reads what `to_json` has written, in this or another language.

        Raises:
            InvalidDefinitionError: The text is no calibration, or a model's parts do not fit together.
        """

    def to_json(self) -> str:
        """The calibration as JSON, which reads back as an equal one."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class LiveEngine:
    """A playbook that is answered event by event, in memory.

    Its answers are those of `Playbook.evaluate` over all events so far, as of the engine's instant, with the same
    calibration. Several threads may use one engine: each call is worked off as a whole. Pickled as bytes.
    """

    def __new__(
        cls,
        playbook: Playbook,
        *,
        calibration: Calibration | None = None,
        lateness: _Span | None = None,
        ahead_max: _Span | None = None,
    ) -> LiveEngine:
        """An engine without users.

        Args:
            playbook: What is to be answered.
            calibration: What the playbook takes from a population; its own where it takes nothing from one.
            lateness: How late an event may come; a day by default.
            ahead_max: How far ahead of the engine's instant an event may be; any by default.

        Raises:
            InvalidDefinitionError: A score is fitted and no calibration is given, or it is a lead score.
            LimitExceededError: More than 64 kinds of events, 32 properties or 64 windows are looked at.
        """

    @classmethod
    def from_log(
        cls,
        log: EventLog,
        playbook: Playbook,
        *,
        as_of: _Instant,
        calibration: Calibration | None = None,
        lateness: _Span | None = None,
        ahead_max: _Span | None = None,
    ) -> LiveEngine:
        """The engine that has seen the attributes of a log, and its events up to an instant."""

    def observe(self, events: _Event | Iterable[_Event]) -> list[dict[str, Any]]:
        """Takes one event or several in, and tells the changes in order.

        An event is a dict as `EventLog.events_of` gives it: `user`, `time`, `event`, and where known `amount_minor`,
        `id` and `properties`. One whose `id` came before changes nothing. A change is a dict: `user`, `kind`
        (`"tag"`, `"stage"` or `"segment"`), `name`, `from` and `to` or `entered`, `effective_at` (from when it holds)
        and `recorded_at` (when it was told).

        Ctrl-C is heard in a long list. The engine has then taken none of it, or its first events, each as a whole, and
        their changes are lost to the caller: give events ids, and send the list again.

        Raises:
            LimitExceededError: An event is later than `lateness`, or further ahead than `ahead_max`. All events are
                looked at before the first counts: then none does.
            UnknownNameError: The schema does not list the event.
            TypeMismatchError: A property is not of its type.
        """

    def advance_to(self, instant: _Instant) -> list[dict[str, Any]]:
        """Moves the clock on, and tells what time alone has changed, each at its very instant.

        Raises:
            InvalidArgumentError: The instant is before the engine's.
        """

    def set_attributes(self, user: _User, attributes: Mapping[str, _Value]) -> list[dict[str, Any]]:
        """Learns attributes of a user, and tells the changes; of attributes that are not named nothing changes.

        Raises:
            InvalidArgumentError: The engine does not know the time yet: advance it first.
            UnknownNameError: The schema does not declare the attribute.
        """

    def tag_by_hand(self, act: _Definition) -> list[dict[str, Any]]:
        """Puts a tag on a user, or takes it off, by hand; a dict as `manual_tags` of `Playbook.evaluate` has them.

        Raises:
            UnknownNameError: There is no such tag.
        """

    @property
    def as_of(self) -> datetime | None:
        """The instant of all answers; `None` before the first event."""

    @property
    def user_count(self) -> int:
        """How many users are known."""

    def memory_bytes(self) -> int:
        """Bytes that the users take, without their ids."""

    def state(self, user: _User) -> dict[str, Any]:
        """What the playbook says of a user.

        `tags`, `stage`, `segments`, `scores`, and `next_look_at`, when time may change it.

        Raises:
            UnknownNameError: Nothing was heard of the user.
        """

    def explain(self, user: _User) -> Explanation:
        """Why the answers of a user are what they are, and what time alone will change.

        Raises:
            UnknownNameError: Nothing was heard of the user.
        """

    def forecast(self, user: _User, until: _Instant) -> list[dict[str, Any]]:
        """What will change of a user up to and with an instant, if nothing happens before, in order of time.

        Raises:
            UnknownNameError: Nothing was heard of the user.
        """

    def membership(self, segment: str) -> list[_User]:
        """The users who are in a segment, in the order in which they first came."""

    def tagged(self, tag: str) -> list[_User]:
        """The users who have a tag, in the order in which they first came."""

    def to_table(self) -> Table:
        """A row per user in order of their ids, with the columns of `Outcome.to_table`."""

    def verify(self, log: EventLog) -> list[dict[str, Any]]:
        """Every answer that differs from a batch evaluation over the log.

        None, where it holds what the engine was told.

        Each is a dict: `user`, `column`, `live` and `batch`.
        """

    def to_bytes(self) -> bytes:
        """The engine with its playbook, calibration and options, as bytes."""

    @classmethod
    def from_bytes(cls, data: bytes) -> LiveEngine:
        """The engine that `to_bytes` has written.

        Raises:
            FormatError: These are no bytes of an engine.
        """

    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class DurableLiveEngine:
    """A live engine that is kept in a folder: what it has acknowledged it knows again after a crash.

    One process has a folder open at a time. `with` closes it at the end. What is told is as that of `LiveEngine`;
    each change has a `cursor` besides, which is the same whenever the change is handed out.
    """

    @classmethod
    def open(
        cls,
        folder: str | PathLike[str],
        playbook: Playbook,
        *,
        calibration: Calibration | None = None,
        lateness: _Span | None = None,
        ahead_max: _Span | None = None,
        snapshot_entries: int | None = None,
        journal: bool = True,
        verify_pages: bool = True,
    ) -> DurableLiveEngine:
        """Opens the engine of a folder, or puts a new one into an empty folder.

        The calibration, lateness and limit that the folder was begun with go on.

        Args:
            folder: Where it is kept.
            playbook: What is to be answered.
            calibration: As of `LiveEngine`.
            lateness: As of `LiveEngine`.
            ahead_max: As of `LiveEngine`.
            snapshot_entries: After so many entries a snapshot is taken by itself; a million by default, 0 for never.
            journal: Whether changes are kept for subscribers.
            verify_pages: Whether every page is held against its checksum, which reads the whole file.

        Raises:
            InvalidDefinitionError: The folder was made for another playbook: `reopen` it, and `replace` its engine.
            FileError: The folder is open already, or cannot be read.
        """

    @classmethod
    def reopen(
        cls,
        folder: str | PathLike[str],
        *,
        snapshot_entries: int | None = None,
        journal: bool = True,
        verify_pages: bool = True,
    ) -> DurableLiveEngine:
        """Opens the engine of a folder as it is, whatever its playbook."""

    def observe(self, events: _Event | Iterable[_Event]) -> dict[str, Any]:
        """Takes one event or several in with one flush to disk: `fates` and `changes`.

        Of each event `fate` is `"taken"`, `"duplicate"` or `"refused"`, with its number `sequence`, `is_conflicting`
        of a duplicate, and of one that is refused the exception as `error`. An event that is given alone raises it.

        Ctrl-C is heard in a long list. What has begun goes to disk as a whole nevertheless; the next call waits for it.
        """

    def advance_to(self, instant: _Instant) -> list[dict[str, Any]]:
        """As `LiveEngine.advance_to`."""

    def set_attributes(self, user: _User, attributes: Mapping[str, _Value]) -> list[dict[str, Any]]:
        """As `LiveEngine.set_attributes`."""

    def tag_by_hand(self, act: _Definition) -> list[dict[str, Any]]:
        """As `LiveEngine.tag_by_hand`."""

    @property
    def as_of(self) -> datetime | None:
        """The instant of all answers; `None` before the first event."""

    @property
    def user_count(self) -> int:
        """How many users are known."""

    @property
    def is_closed(self) -> bool:
        """Whether the folder was let go."""

    def state(self, user: _User) -> dict[str, Any]:
        """As `LiveEngine.state`."""

    def explain(self, user: _User) -> Explanation:
        """As `LiveEngine.explain`."""

    def forecast(self, user: _User, until: _Instant) -> list[dict[str, Any]]:
        """As `LiveEngine.forecast`."""

    def membership(self, segment: str) -> list[_User]:
        """As `LiveEngine.membership`."""

    def tagged(self, tag: str) -> list[_User]:
        """As `LiveEngine.tagged`."""

    def to_table(self) -> Table:
        """As `LiveEngine.to_table`."""

    def verify(self) -> list[dict[str, Any]]:
        """Every answer that differs from a batch evaluation over all that is kept: none."""

    def to_event_log(self) -> EventLog:
        """All events and attributes so far as a log."""

    def export_parquet(self, path: str | PathLike[str]) -> Path:
        """Writes all events to a Parquet file, and what is known of users to one beside it, whose path is returned."""

    def snapshot(self) -> None:
        """Keeps the state as it is, so that opening need not work off what came before."""

    def subscribe(self, name: str) -> tuple[int, int]:
        """The cursor of a subscriber, who is new where there is none of the name.

        The last change that was acknowledged.
        """

    def changes_after(self, cursor: tuple[int, int], *, limit: int = 1000) -> list[dict[str, Any]]:
        """The changes after a cursor, at most `limit` of them, in order.

        They are handed out until they are acknowledged.
        """

    def acknowledge(self, name: str, cursor: tuple[int, int]) -> None:
        """Moves a subscriber's cursor on. What all subscribers have dealt with is dropped."""

    def replace(self, playbook: Playbook, *, calibration: Calibration | None = None) -> list[dict[str, Any]]:
        """Puts another version of the playbook in the place of this one, and tells what is answered otherwise.

        Everything that was told so far is worked off again. Where that fails, or Ctrl-C stops it, this version goes on.
        """

    def close(self) -> None:
        """Lets the folder go; closing twice is no error."""

    def __enter__(self) -> DurableLiveEngine: ...
    def __exit__(self, *_error: object) -> None: ...

@final
class Outcome:
    """Everything that a playbook says of the users of a log, as of an instant.

    Pickled as playbook, log, instant and options, and evaluated again.
    """

    @property
    def playbook(self) -> Playbook:
        """The playbook that was evaluated."""

    @property
    def log(self) -> EventLog:
        """The log that it was evaluated over."""

    @property
    def as_of(self) -> datetime:
        """The instant."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the playbook."""

    @property
    def user_count(self) -> int:
        """How many users there are."""

    @property
    def profiles(self) -> ProfileTable | None:
        """The profiles, unless they were left out."""

    @property
    def scores(self) -> Table:
        """A row per user: `user`, and a column per column of each score, such as `rfm.recency`."""

    @property
    def tags(self) -> Table:
        """A row per user: `user`, and a column per tag; of a preference a further column per rank, `name.2`."""

    @property
    def segments(self) -> dict[str, Segment]:
        """The segments by name."""

    @property
    def stages(self) -> Table | None:
        """A row per user: `user`, `stage`; `None` where the playbook has no lifecycle."""

    @property
    def lifecycle(self) -> Lifecycle | None:
        """The lifecycle by which users were placed, with its thresholds settled."""

    @property
    def derived_thresholds(self) -> dict[str, Any] | None:
        """How the thresholds were derived from the log's own gaps, where they were."""

    @property
    def milestones(self) -> MilestoneTable | None:
        """When each user reached which milestone; `None` where the playbook has none."""

    def to_table(self) -> Table:
        """A row per user: a column per score, tag, stage and segment, under their names as rules spell them."""

    def summary(self) -> Table:
        """A row per tag value, stage and segment: how many users, and their share of all."""

    def score_model(self, name: str) -> Any:
        """What was fitted for a score, as plain data."""

    def tag_counts(self) -> Table:
        """A row per tag and value: how many users have it."""

    def tags_of(self, user: _User) -> dict[str, _Value]:
        """The tags of one user with their values."""

    def tag_changes(self, since: Outcome) -> Table:
        """Who gained, lost and changed tags since an earlier outcome: a row per user and tag."""

    def segment(self, name: str) -> Segment:
        """A segment by name."""

    def stage(self, user: _User) -> str | None:
        """The stage of one user."""

    def stage_counts(self) -> dict[str, int]:
        """How many users are in each stage, in the order of the lifecycle."""

    def explain(self, user: _User) -> Explanation:
        """Why one user is where they are: stage, tags, segments, scores and milestones."""

    def calibration(self) -> Calibration:
        """What the outcome rests on, to evaluate others by: fitted on its own users, or that which it was given."""

    def explain_move(self, after: Outcome, user: _User) -> Explanation:
        """Why one user moved from this outcome to another: at another instant, or of another playbook."""

    def compare(self, after: Outcome) -> Comparison:
        """Who moved where from this outcome to another over the same users."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(
        cls, playbook: Playbook, log: EventLog, as_of: str, options: tuple[str, str | None, bool]
    ) -> Outcome: ...

@final
class Comparison:
    """What differs between two outcomes over the same users."""

    @property
    def segments(self) -> dict[str, SegmentDiff]:
        """Who entered, left and stayed, by segment."""

    @property
    def stages(self) -> Table | None:
        """How many users went from which stage to which, where both outcomes have a lifecycle."""

    def to_table(self) -> Table:
        """A row per user and definition that differ: `kind`, `name`, `user`, `before`, `after`."""

    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Lifecycle:
    """Stages in order, each with its rule: a user's target is the first that is true."""

    def __new__(cls, definition: _Definition) -> Lifecycle:
        """Stages of one's own: `stages` (each `name`, `when`, `dwell_min`, `moves`), `ladder`, `presence`."""

    @classmethod
    def standard(cls, **thresholds: Unpack[_ThresholdOptions]) -> Lifecycle:
        """The default template: prospect, introduction, growth, maturity, dormancy, churn, reactivated.

        Thresholds are `activity` (events), `growth_days`, `maturity_days`, `dormant_days`, `churn_days`,
        `reactivated_days`.
        """

    @classmethod
    def derive(
        cls,
        log: EventLog,
        *,
        as_of: _Instant,
        given: _ThresholdOptions | None = None,
        **options: Unpack[_DeriveOptions],
    ) -> tuple[Lifecycle, dict[str, Any]]:
        """The default template by thresholds derived from the log's own gaps, and how they were derived.

        `given` holds the thresholds that are not derived; options are `dormant_quantile`, `churn_quantile`,
        `churn_rule` (a rule of `set_churn_standard`, in place of `churn_quantile`), `gaps_min`.
        """

    @property
    def names(self) -> list[str]:
        """The names of the stages, in order."""

    def stages(self, log: EventLog, instants: Sequence[_Instant]) -> StageSeries:
        """The stages of all users at some instants; see `period_ends`."""

    def history(self, log: EventLog, user: _User, *, until: _Instant) -> list[dict[str, Any]]:
        """The stages one user has been in: `stage`, `from`, `until`, `cause`."""

    def histories(self, log: EventLog, *, until: _Instant) -> StageHistories:
        """The stages that all users have been in."""

    def stage_of(self, log: EventLog, user: _User, *, as_of: _Instant, outcome: Outcome | None = None) -> str | None:
        """The stage of one user by the scalar definition."""

    def explain(self, log: EventLog, user: _User, *, as_of: _Instant, outcome: Outcome | None = None) -> Explanation:
        """Why one user is in the stage, and what would change it."""

    def to_dict(self) -> dict[str, Any]:
        """The lifecycle as plain data."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _from_text(cls, text: str) -> Lifecycle: ...

@final
class StageSeries:
    """The stages of all users at some instants, one after the other."""

    @property
    def instants(self) -> list[datetime]:
        """The instants, in the order given."""

    def to_table(self) -> Table:
        """A row per user: a column of stages per instant, named by it."""

    def mix(self) -> Table:
        """A row per instant and stage: how many users are in it."""

    def transitions(self, before: int = 0, after: int | None = None) -> Table:
        """How many users went from which stage to which, between two of the instants: the first and last by default."""

    def pooled_transitions(self) -> Table:
        """The transitions between consecutive instants, all periods together."""

    def forecast(self, periods: int, *, newcomers: str | _Definition | None = None) -> Table:
        """The mix of so many periods after the last instant, by the pooled transitions.

        `newcomers` are `"as_observed"` (default), `"none"` or `{"per_period": number}`.
        """

    def back_test(self, periods: int, *, newcomers: str | _Definition | None = None) -> Table:
        """How far a forecast of so many periods, made before the last ones, would have been off."""

    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, lifecycle: Lifecycle, log: EventLog, instants: list[str]) -> StageSeries: ...

@final
class StageHistories:
    """The stages that all users have been in, stay by stay."""

    @property
    def until(self) -> datetime:
        """The instant up to which the histories go."""

    def spans(self, user: _User) -> list[dict[str, Any]]:
        """The stays of one user: `stage`, `from`, `until`, `cause`."""

    def to_table(self) -> Table:
        """A row per stay."""

    def furthest(self) -> Table:
        """A row per user: `user`, and the furthest `stage` on the lifecycle's ladder."""

    def dwell_times(self) -> Table:
        """A row per stage: how long users stay."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, lifecycle: Lifecycle, log: EventLog, until: str) -> StageHistories: ...

@final
class MilestoneTable:
    """When each user first came how far."""

    @property
    def as_of(self) -> datetime:
        """The instant of the table."""

    @property
    def names(self) -> list[str]:
        """The names of the milestones, in order."""

    def instant(self, user: _User, milestone: str) -> datetime | None:
        """When one user reached a milestone; `None` where it is not reached."""

    def to_table(self) -> Table:
        """A row per user: the instant of each milestone."""

    def summary(self) -> Table:
        """A row per milestone: how many reached it, of how many, and how long it took."""

    def explain(self, user: _User) -> Explanation:
        """When one user reached which milestone and by what, and what the others wait for."""

    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def _rebuild(cls, log: EventLog, as_of: str, definitions: str) -> MilestoneTable: ...

def reach_milestones(log: EventLog, milestones: Sequence[_Definition], *, as_of: _Instant) -> MilestoneTable:
    """Finds when each user first came how far; a milestone has a `name` and a rule `when`."""

def aarrr_milestones(**events: Unpack[_AarrrEvents]) -> list[dict[str, Any]]:
    """The milestones of AARRR by the names of a product's own events.

    These are `acquisition`, `activation`, `retention`, `revenue` and `referral` (lists of events), `retention_days`.
    """

def _every_error() -> list[Exception]: ...
