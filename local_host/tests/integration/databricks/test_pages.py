"""The pages for people."""

import httpx
from databricks.sdk import WorkspaceClient

from local_host.testing.workspace_process import Host, ended, run_now


def test_run_page(host: Host, client: WorkspaceClient) -> None:
    """run_page_url leads to a page with state, parameters and logs; values are escaped."""
    run = ended(client, run_now(client, "echoing", word="<script>alert(1)</script>"))
    assert run.run_page_url == f"{host.url}/run/{run.run_id}"
    page = httpx.get(run.run_page_url, trust_env=False)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "TERMINATED SUCCESS" in page.text
    assert "arguments --word=&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text


def test_list_of_runs(host: Host, client: WorkspaceClient) -> None:
    """The first page leads to each run."""
    run_id = run_now(client, "vanishing")
    assert f"<a href='/run/{run_id}'>{run_id}</a>" in httpx.get(host.url, trust_env=False).text


def test_page_of_an_unknown_run(host: Host) -> None:
    """A missing run is a 404 that says so."""
    answer = httpx.get(f"{host.url}/run/42", trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (404, "Run 42 does not exist.")
