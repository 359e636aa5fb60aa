"""The table of benchmarks: which scripts measure us, which measure a peer, and what is held against what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """A script that prints a JSON list of {name, value, unit, runs, note}.

    Attributes:
        needs: packages of a peer, installed into a virtual environment of its own; empty runs with ours.
        program: of the system that the peer needs; without it the peer is left out, and the run says so.
    """

    path: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    program: str = ""


@dataclass(frozen=True)
class Comparison:
    """One row of the report: our measurement, and the peer's measurement that it is held against."""

    ours: str
    peer: str
    peer_name: str


@dataclass(frozen=True)
class Suite:
    """A group that ``make bench ONLY=name`` runs by itself, ours and peers in the same run.

    Attributes:
        data: command, run by our Python, that makes the data unless it is there.
    """

    name: str
    scripts: tuple[Script, ...]
    comparisons: tuple[Comparison, ...]
    data: str = ""


# 5,000,000 rows x 20 columns, written once.
_PARQUET = ".nightshift/bench/validation.parquet"
_ON_PARQUET = ("--data", _PARQUET)
_DBOS = "DBOS 3.4, SQLite WAL + NORMAL"
_DBOS_SHIPPED = "DBOS 3.4, SQLite as shipped"

SUITES: tuple[Suite, ...] = (
    Suite(
        name="engine",
        scripts=(
            Script("engine/throughput.py"),
            Script("engine/latency.py"),
            Script("engine/resume.py"),
            Script("engine/sdk_floor.py"),
            Script("engine/peer_dbos.py", needs=("dbos==3.4.*",)),
        ),
        comparisons=(
            Comparison("engine_throughput", "engine_throughput_dbos_wal_normal", _DBOS),
            Comparison("engine_throughput", "engine_throughput_dbos_shipped", _DBOS_SHIPPED),
            Comparison("engine_throughput", "engine_floor_document", "official SDK alone, JSON each turn"),
            Comparison("engine_throughput", "engine_floor_events", "official SDK alone, events made once"),
            Comparison("engine_latency", "engine_latency_dbos_wal_normal", _DBOS),
            Comparison("engine_resume", "engine_resume_dbos_wal_normal", _DBOS),
        ),
    ),
    Suite(
        name="function_app",
        scripts=(Script("function_app/import_time.py"),),
        comparisons=(
            Comparison("function_app_import", "azure_sdk_import", "the Azure SDKs alone"),
            Comparison("function_app_memory", "azure_sdk_memory", "the Azure SDKs alone"),
        ),
    ),
    Suite(
        name="servicebus",
        # No other broker that speaks Service Bus's protocol installs from the package registries alone.
        scripts=(Script("servicebus/throughput.py"), Script("servicebus/backlog.py"), Script("servicebus/trigger.py")),
        comparisons=(),
    ),
    Suite(
        name="responder",
        scripts=(
            Script("responder/rollback.py"),
            Script("responder/storm.py"),
            Script("responder/peer_celery.py", needs=("celery[redis]==5.*",), program="redis-server"),
        ),
        comparisons=(
            Comparison("storm_alerts", "celery_messages", "Celery + Redis (fsync always), each message only stored"),
            Comparison("alert_to_alias_median", "mlflow_two_calls_median", "MLflow's own two calls"),
            Comparison("alert_to_alias_p99", "mlflow_two_calls_median", "MLflow's own two calls"),
        ),
    ),
    Suite(
        name="growth",
        scripts=(Script("growth/before_rollback.py"),),
        comparisons=(
            Comparison("before_rollback", "before_rollback_scans", "the scans of earlier releases at the same point"),
        ),
    ),
    Suite(
        name="pages",
        scripts=(Script("pages/front.py"), Script("pages/many_models.py")),
        comparisons=(Comparison("front_page_median", "health_median", "the same host, a call that reads nothing"),),
    ),
    Suite(
        name="improvement",
        scripts=(Script("improvement/noise.py"),),
        comparisons=tuple(
            Comparison(f"improvement_{situation}_spending", f"improvement_{situation}_{rule}", name)
            for situation in ("false_accept", "power")
            for rule, name in (("fixed", "95 % at every look"), ("mean", "the mean is lower"))
        ),
    ),
    Suite(
        name="validation",
        data=f"benchmarks/validation/make_data.py --data {_PARQUET}",
        scripts=(
            Script("validation/scan.py", _ON_PARQUET),
            Script("validation/footer.py", _ON_PARQUET),
            Script("validation/peer_polars.py", _ON_PARQUET, needs=("polars",)),
            Script("validation/peer_pyarrow.py", _ON_PARQUET, needs=("pyarrow",)),
        ),
        comparisons=(
            Comparison("validation_scan_seconds", "validation_polars_seconds", "Polars, lazy streaming"),
            Comparison("validation_scan_memory", "validation_polars_memory", "Polars, lazy streaming"),
            Comparison("validation_scan_seconds", "validation_pyarrow_seconds", "pyarrow, in batches"),
            Comparison("validation_scan_memory", "validation_pyarrow_memory", "pyarrow, in batches"),
        ),
    ),
)
