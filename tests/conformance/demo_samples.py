"""Samples shaped like those of the demo service that the queries of the PromQL compliance tester are about: three
instances, scraped every five seconds, each at moments of its own that no step of a query and no border of a range
coincides with (there Prometheus 2 and 3 differ on purpose)."""
import math
import random

JOB = "demo"
INSTANCES = ("demo.promlabs.com:10000", "demo.promlabs.com:10001", "demo.promlabs.com:10002")
SCRAPE = 5
PHASES = (0.123, 2.777, 4.321)  # of the instances, in seconds
BOUNDS = ("0.0001", "0.00025", "0.001", "0.0025", "0.01", "0.025", "0.1", "0.25", "1", "2.5", "10", "+Inf")


def _api_series(rnd):
    for method, path, status, rate in (("GET", "/api/foo", "200", 40), ("GET", "/api/foo", "500", 0.5),
                                       ("POST", "/api/bar", "200", 12)):
        yield {"method": method, "path": path, "status": status}, rate * rnd.uniform(0.8, 1.2)


def series(start, end):
    """(name, labels, [(time, value)]) of everything; times are in seconds."""
    rnd = random.Random(7)
    for number, instance in enumerate(INSTANCES):
        times = [t + PHASES[number] for t in range(start, end, SCRAPE)]
        target = {"instance": instance, "job": JOB}

        def one(name, value, **labels):
            values = [(t, value(t, i)) for i, t in enumerate(times)]
            return name, {**target, **labels}, [(t, v) for t, v in values if v is not None]

        for kind, level in (("buffers", 1e8), ("cached", 6e8), ("free", 2e9), ("used", 1.2e9)):
            period = rnd.uniform(300, 2000)
            yield one("demo_memory_usage_bytes",
                      lambda t, i: round(level * (1 + 0.3 * math.sin(t / period)) + rnd.uniform(0, level / 50)),
                      type=kind)
        for mode, rate in (("idle", 2.9), ("system", 0.3), ("user", 0.8)):
            # The last instance restarts now and then.
            begun = (lambda t: start + (t - start) // 700 * 700) if number == 2 else (lambda t: start - 5000)
            yield one("demo_cpu_usage_seconds_total",
                      lambda t, i: round(rate * (t - begun(t)) * (1 + 0.01 * math.sin(t / 97)), 2), mode=mode)
        yield one("demo_num_cpus", lambda t, i: 4 << number)
        yield one("demo_disk_total_bytes", lambda t, i: 2.5e11)
        yield one("demo_disk_usage_bytes", lambda t, i: round(8e10 + 3e4 * (t - start) + rnd.uniform(0, 1e6)))
        yield one("demo_is_holiday", lambda t, i: i // 100 % 2)
        yield one("demo_items_shipped_total", lambda t, i: 17 * i + i % 7)
        yield one("demo_batch_last_run_duration_seconds", lambda t, i: 8 + i // 60 % 5 + 0.25)
        yield one("demo_batch_last_run_processed_bytes", lambda t, i: 1000003 * (i // 60))
        yield one("demo_batch_last_run_timestamp_seconds", lambda t, i: times[i - i % 60])
        yield one("demo_batch_last_success_timestamp_seconds", lambda t, i: times[i - i % (60 * (1 + number))])
        # Away for longer than the lookback, and for less.
        yield one("demo_intermittent_metric", lambda t, i: i if i // 40 % 3 == 0 or i % 11 == 0 and i % 3 else None)
        for labels, rate in _api_series(rnd):
            shares = [min(1, (k + 1) / len(BOUNDS)) ** 2 for k in range(len(BOUNDS))]
            for share, bound in zip(shares, BOUNDS):
                yield one("demo_api_request_duration_seconds_bucket",
                          lambda t, i: int(share * rate * (t - start + 60)), le=bound, **labels)
            yield one("demo_api_request_duration_seconds_count", lambda t, i: int(rate * (t - start + 60)), **labels)
            yield one("demo_api_request_duration_seconds_sum",
                      lambda t, i: round(0.07 * rate * (t - start + 60), 4), **labels)


def write_openmetrics(path, start, end):
    """Returns how many series and samples there are."""
    series_count = samples_count = 0
    with open(path, "w", encoding="utf-8") as file:
        for name, labels, samples in series(start, end):
            text = name + "{" + ",".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}"
            file.writelines(f"{text} {value!r} {time:.3f}\n" for time, value in samples)
            series_count += 1
            samples_count += len(samples)
        file.write("# EOF\n")
    return series_count, samples_count
