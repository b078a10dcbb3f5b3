"""Times calls of a kernel in Python: `surface_times.py FILE KERNEL OPTIONS REPS` prints milliseconds."""

import json
import sys
import time

import userops as uo

KERNELS = {
    "profiles": uo.build_profiles,
    "retention": uo.measure_retention,
    "growth": uo.account_growth,
    "funnel": uo.measure_conversion,
}


def main() -> None:
    """Reads the log once, and calls the kernel as often as asked."""
    file, name, options_json, reps = sys.argv[1:]
    mapping = uo.mapping("uid", "ts", event="event", minor_amount="amount", properties=[])
    log = uo.EventLog.read(file, mapping=mapping)
    as_of, options, kernel = log.time_span[1], json.loads(options_json), KERNELS[name]
    for _ in range(int(reps)):
        start = time.perf_counter()
        answer = kernel(log, as_of=as_of, **options)
        del answer
        print(f"{(time.perf_counter() - start) * 1000:.4f}")


main()
