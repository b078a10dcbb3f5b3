"""What reading an Arrow table costs in memory: `arrow_import.py FILE` prints MiB, one process with the table and one log."""

import resource
import sys

import pyarrow.parquet as pq
import userops as uo

COLUMNS = ["uid", "ts", "event", "amount"]


def resident_mib() -> float:
    """What the process has in memory now."""
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    """Holds the table, reads it, and tells the growth."""
    table = pq.read_table(sys.argv[1], columns=COLUMNS)
    numbers = sum(table.column(name).nbytes for name in ["uid", "ts", "amount"]) / 2**20
    before = resident_mib()
    # The highest mark so far is forgotten, so that reading the file does not count.
    with open("/proc/self/clear_refs", "w") as marks:
        marks.write("5")
    log = uo.EventLog.read(table, mapping=uo.mapping("uid", "ts", event="event", minor_amount="amount", properties=[]))
    after = resident_mib()
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    print(f"events {log.event_count:,}")
    print(f"table {table.nbytes / 2**20:,.0f} MiB, of which numbers {numbers:,.0f}")
    print(f"the log and what it was made of: {after - before:,.0f} MiB more, {peak - before:,.0f} at the peak")


main()
