"""What is counted as it happens. All else is looked up when it is asked for
(:mod:`app.server.metrics.collected`).

Names and units are Prometheus's: seconds and bytes, ``_total`` for what only grows. Labels take few values,
all of them from the code: names of pages, kinds of questions, routes, outcomes.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # a series more for each, which nobody draws
REGISTRY = CollectorRegistry(auto_describe=True)

_RUN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
_WORK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)

REQUESTS = Counter(
    "puzzlescope_requests",
    "HTTP requests, and websockets at their end, by what was asked for and the status of the answer.",
    ["route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "puzzlescope_request_seconds",
    "Seconds from an HTTP request to the end of its answer.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
    registry=REGISTRY,
)
PAGE_RUNS = Histogram(
    "puzzlescope_page_run_seconds",
    "Seconds of a run of a page, waiting included, by how it ended.",
    ["page", "outcome"],
    buckets=_RUN_BUCKETS,
    registry=REGISTRY,
)
PAGE_WAITS = Histogram(
    "puzzlescope_page_wait_seconds",
    "Seconds of a run of a page that it waited for results or for its turn.",
    ["page"],
    buckets=_RUN_BUCKETS,
    registry=REGISTRY,
)
CLICK_TO_ANSWER = Histogram(
    "puzzlescope_click_to_answer_seconds",
    "Seconds from the arrival of a browser's message to the end of the page's run that answers it.",
    ["page"],
    buckets=_RUN_BUCKETS,
    registry=REGISTRY,
)
LOOK_INS = Histogram(
    "puzzlescope_look_in_seconds",
    "Seconds of a run of a part of a page, such as a look at what fills up.",
    ["page"],
    buckets=_RUN_BUCKETS,
    registry=REGISTRY,
)
COMPUTATIONS = Counter(
    "puzzlescope_computations",
    "Computations that are over, by kind of question and how they ended.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
COMPUTATION_SECONDS = Histogram(
    "puzzlescope_computation_seconds",
    "Seconds of the worker's time that a computation took which came to its end.",
    ["kind"],
    buckets=_WORK_BUCKETS,
    registry=REGISTRY,
)
COMPUTATION_AGE = Histogram(
    "puzzlescope_computation_age_seconds",
    "Seconds from when a computation was first asked for to its end, waiting for others included.",
    ["kind"],
    buckets=_WORK_BUCKETS,
    registry=REGISTRY,
)
PAGE_ERRORS = Counter(
    "puzzlescope_page_errors",
    "Errors that a visitor's page ended with and that are in the log under an id.",
    registry=REGISTRY,
)
EVENT_LOOP_LAG = Histogram(
    "puzzlescope_event_loop_lag_seconds",
    "Seconds by which the event loop is late: what every request waits at least.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0),
    registry=REGISTRY,
)
LOG_LINES_LOST = Counter(
    "puzzlescope_log_lines_lost",
    "Lines of the log that could not be written.",
    registry=REGISTRY,
)
SIGN_INS = Counter(
    "puzzlescope_sign_ins",
    "Attempts to sign in.",
    ["outcome"],
    registry=REGISTRY,
)


def know_pages(names: Sequence[str]) -> None:
    """Begin each page's metrics with nothing, so that a rate can be told of the first."""
    for name in names:
        for metric in (PAGE_WAITS, CLICK_TO_ANSWER, LOOK_INS):
            metric.labels(name)
        for outcome in ("finished", "failed"):
            PAGE_RUNS.labels(name, outcome)


for _outcome in ("ok", "refused"):  # likewise
    SIGN_INS.labels(_outcome)
