"""Plain pages for people: the runs, and one run with its logs. Every value is escaped before it meets the markup."""

from datetime import UTC, datetime
from html import escape
from string import Template

from local_host.databricks.runs import Run, TaskRun

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
$refresh<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; }
td, th { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
pre { background: #8881; overflow: auto; padding: .8rem; white-space: pre-wrap; }
</style>
</head>
<body>
$body
</body>
</html>
""")
_REFRESH = '<meta http-equiv="refresh" content="5">\n'


def render_run(run: Run, task_runs: list[tuple[TaskRun, str]]) -> str:
    """One job run.

    Args:
        task_runs: each attempt with the end of its logs.
    """
    parts = [
        _markup("<p><a href='/'>all runs</a></p><h1>$name</h1>", name=run.run_name),
        _markup(
            "<p>Run $run_id of job $job_id, started $started: <strong>$state</strong></p><p>$message</p>",
            run_id=run.run_id,
            job_id=run.job_id,
            started=_time(run.created_ms),
            state=_state(run),
            message=run.ending.message if run.ending else "",
        ),
        "<table><tr><th>parameter</th><th>value</th></tr>",
        *(
            _markup("<tr><td>$name</td><td>$value</td></tr>", name=name, value=value)
            for name, value in run.parameters.items()
        ),
        "</table>",
    ]
    for task_run, logs in task_runs:
        parts.append(
            _markup(
                "<h2>$task, attempt $attempt</h2><p>Task run $run_id: <strong>$state</strong></p><p>$message</p>"
                "<pre>$logs</pre>",
                task=task_run.task_key,
                attempt=task_run.attempt_number,
                run_id=task_run.run_id,
                state=_state(task_run),
                message=task_run.ending.message if task_run.ending else "",
                logs=logs or "(no output)",
            )
        )
    return _page(f"Run {run.run_id}: {run.run_name}", "\n".join(parts), live=run.ended_ms is None)


def render_runs(runs: list[Run]) -> str:
    """The newest runs."""
    rows = [
        _markup(
            "<tr><td><a href='/run/$run_id'>$run_id</a></td><td>$name</td><td>$started</td><td>$state</td></tr>",
            run_id=run.run_id,
            name=run.run_name,
            started=_time(run.created_ms),
            state=_state(run),
        )
        for run in runs
    ]
    head = "<h1>Job runs</h1><p>A local Databricks host, for development.</p>"
    table = "<table><tr><th>run</th><th>job</th><th>started</th><th>state</th></tr>" + "\n".join(rows) + "</table>"
    return _page("Job runs", head + (table if runs else "<p>No run yet.</p>"), live=False)


def _page(title: str, body: str, *, live: bool) -> str:
    return _PAGE.substitute(title=escape(title), body=body, refresh=_REFRESH if live else "")


def _markup(template: str, **values: object) -> str:
    return Template(template).substitute({name: escape(str(value)) for name, value in values.items()})


def _state(run: Run | TaskRun) -> str:
    return run.life_cycle if run.ending is None else f"{run.ending.life_cycle} {run.ending.result}"


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
