"""Documents of Azure Monitor, budgets, Databricks and others, as found in public: each has a verdict here.

Values are invented. What is refused must say the field; what is taken must be judged as its line says.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.response.classification import classify
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import LARGEST_BYTES, AlertMessage, fingerprint
from nightshift.domain.response.playbook import Thresholds
from nightshift.triggers.alert_schemas.databricks_job import NoTroubleError
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import normalise

CASES = Path(__file__).parents[3] / "data" / "cases" / "alerts"
RECEIVED = datetime(2026, 11, 30, tzinfo=UTC)

# By file: category, severity and rule of what is taken; the field of what is refused.
VERDICTS = {
    "A01_test_action_metric_asis": "refused category",
    "A02_metric_dynamic_rule_named": "degradation warning source_warning",
    "A03_webtest_namespace_null": "pipeline critical source_critical",
    "A04_metricvalue_null": "degradation informational source_informational",
    "A05_allof_null": "refused data.alertContext.condition.allOf",
    "A06_condition_null": "degradation informational source_informational",
    "A07_alertcontext_null": "degradation informational source_informational",
    "A08_metricvalue_string": "degradation informational source_informational",
    "A09_metricvalue_NaN_string": "refused data.alertContext.condition.allOf.0.metricValue",
    "A10_log_v1_metric_measurement": "drift informational source_informational",
    "A11_log_v1_Dimensions_say_model": "refused category",
    "A12_prometheus_labels": "refused category",
    "A13_prometheus_rule_named": "degradation critical source_critical",
    "A14_servicehealth_numbers": "pipeline informational source_informational",
    "A15_activity_log_security_category_collides": "pipeline informational source_informational",
    "A16_resource_health": "pipeline informational source_informational",
    "A17_smart_detector": "pipeline informational source_informational",
    "A18_eventDateTime_no_fired_no_condition": "refused data.essentials.monitorCondition",
    "A19_fired_without_zone": "refused data.essentials.firedDateTime",
    "A20_fired_offset": "degradation informational source_informational",
    "A21_rule_name_201_chars": "pipeline informational source_informational",
    "A22_rule_name_260_chars": "pipeline informational source_informational",
    "A23_metric_101_chars": "degradation informational source_informational",
    "A24_unicode_rule": "drift critical psi_critical",
    "A25_custom_property_case": "refused category",
    "A26_two_criteria_two_models": "refused dimension model",
    "A27_dimension_star": "refused model",
    "A28_severity_Sev5": "refused data.essentials.severity",
    "A29_condition_lowercase": "refused data.essentials.monitorCondition",
    "A30_resolved_without_resolvedDateTime": "degradation warning source_warning resolved",
    "A31_wrapped_in_array": "refused body",
    "A32_noncommon_metric_alert": "refused schemaId",
    "A33_noncommon_activity_log": "refused schemaId",
    "A34_noncommon_log_v1": "refused body",
    "B01_cost_alert_billing_scope_long_id": "budget informational below_thresholds",
    "B02_cost_alert_rg_scope": "budget informational below_thresholds",
    "B03_cost_alert_forecast": "budget informational below_thresholds",
    "B04_cost_alert_euro_locale": "refused data.alertContext.AlertData.SpentAmount",
    "B05_cost_alert_euro_sign": "budget critical spend_critical",
    "B06_cost_alert_rupee_grouping": "refused data.alertContext.AlertData.SpentAmount",
    "B07_cost_alert_credit": "refused data.alertContext.AlertCategory",
    "B08_aip_string_numbers": "budget informational below_thresholds",
    "B09_aip_spend_zero_scale": "refused data.SpendingAmount",
    "B10_aip_budget_zero": "budget warning unknown",
    "B11_aip_negative_credit": "refused data.SpendingAmount",
    "D01_job_failure": "pipeline critical pipeline_failed",
    "D02_task_failure_of_same_run": "pipeline critical pipeline_failed",
    "D03_start": "ignored",
    "D04_success": "ignored",
    "D05_duration": "pipeline warning source_warning",
    "D06_backlog": "pipeline warning source_warning",
    "D07_success_after_failure_same_run": "ignored",
    "D08_oneoff_run_submit_no_job": "refused job",
    "D09_job_name_null": "pipeline critical pipeline_failed",
    "D10_job_name_300_chars": "pipeline critical pipeline_failed",
    "D11_mlflow_registry_webhook": "refused body",
    "D12_mlflow3_webhook": "refused body",
    "D13_alertmanager": "refused body",
    "D14_dbsql_alert": "refused category",
    "D15_eventgrid_validation": "refused body",
    "E01_utf8_bom": "degradation informational source_informational",
    "E02_utf16le_bom": "refused body",
    "E03_trailing_newline_crlf": "degradation informational source_informational",
    "M01_accuracy": "degradation critical error_ratio_critical",
    "M02_f1": "degradation critical error_ratio_critical",
    "M03_F1": "degradation critical error_ratio_critical",
    "M04_f1_score": "degradation critical error_ratio_critical",
    "M05_roc_auc": "degradation critical error_ratio_critical",
    "M06_auc": "degradation critical error_ratio_critical",
    "M07_R2": "degradation critical error_ratio_critical",
    "M08_r2": "degradation critical error_ratio_critical",
    "M09_r2_score": "degradation critical error_ratio_critical",
    "M10_accuracy_score": "degradation critical error_ratio_critical",
    "M11_precision": "degradation critical error_ratio_critical",
    "M12_Recall": "degradation critical error_ratio_critical",
    "M13_rmse": "degradation critical error_ratio_critical",
    "M14_RMSE": "degradation critical error_ratio_critical",
    "M15_throughput_rps": "degradation critical error_ratio_critical",
    "M16_balanced_accuracy": "degradation critical error_ratio_critical",
    "M17_neg_root_mean_squared_error": "degradation critical source_critical",
    "M18_log_loss": "degradation critical error_ratio_critical",
    "M19_azure_accuracy_score_without_baseline": "degradation critical source_critical",
    "M20_azure_accuracy_score": "degradation critical error_ratio_critical",
}


def verdict(body: bytes) -> str:
    """What becomes of a document."""
    try:
        alert = normalise(parse(body), received_at=RECEIVED)
    except BadInputError as error:
        return f"refused {error.fields['field']}"
    except NoTroubleError:
        return "ignored"
    assert len(alert.model_dump_json().encode()) <= LARGEST_BYTES
    judged = classify(alert, Thresholds())
    parts = [alert.category, judged.severity, judged.rule] + (["resolved"] if alert.state == "resolved" else [])
    return " ".join(parts)


def test_each_file_has_a_verdict() -> None:
    """A new file needs a line above."""
    assert sorted(VERDICTS) == sorted(path.stem for path in CASES.iterdir())


@pytest.mark.parametrize("name", VERDICTS)
def test_a_document_becomes_what_its_line_says(name: str) -> None:
    """Taken and judged, ignored, or refused by field."""
    assert verdict((CASES / f"{name}.json").read_bytes()) == VERDICTS[name]


def test_no_alert_that_its_source_calls_critical_is_judged_harmless_for_its_metric() -> None:
    """All of them tell a fall or a rise for the worse; their names differ."""
    for path in sorted(CASES.glob("M*.json")):
        assert verdict(path.read_bytes()).split()[:2] == ["degradation", "critical"], path.stem


def _read(name: str) -> AlertMessage:
    return normalise(parse((CASES / f"{name}.json").read_bytes()), received_at=RECEIVED)


def test_the_job_and_the_task_of_one_failed_run_are_one_incident() -> None:
    """Two notifications of two events, and one trouble."""
    job, task = _read("D01_job_failure"), _read("D02_task_failure_of_same_run")
    assert job.key != task.key
    assert len({fingerprint(alert, classify(alert, Thresholds())) for alert in (job, task)}) == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("A01_test_action_metric_asis", ("nightshift.category", "dimension category", "nightshift-<category>-<model>")),
        ("A26_two_criteria_two_models", ("'revenue_forecast'", "'anomaly_detector'")),
        ("A28_severity_Sev5", ("'Sev5'", "'Sev4'")),
        ("A32_noncommon_metric_alert", ("'AzureMonitorMetricAlert'", "azureMonitorCommonAlertSchema")),
        ("B04_cost_alert_euro_locale", ("'1.111,32", "$1,234.50")),
        ("D13_alertmanager", ("azureMonitorCommonAlertSchema", "jobs.on_failure", "alert_id")),
        ("E02_utf16le_bom", ("byte order mark of UTF-16",)),
    ],
)
def test_a_refusal_says_what_was_sent_and_what_would_be_taken(name: str, said: tuple[str, ...]) -> None:
    """The value, and each way out."""
    with pytest.raises(BadInputError) as refused:
        _read(name)
    assert [part for part in said if part not in refused.value.message] == []


@pytest.mark.parametrize("longest", ["A21_rule_name_201_chars", "A22_rule_name_260_chars", "A23_metric_101_chars"])
def test_a_long_name_is_kept_whole(longest: str) -> None:
    """A name that is cut would be another one; only what is shown is cut."""
    body = (CASES / f"{longest}.json").read_bytes()
    alert, document = normalise(parse(body), received_at=RECEIVED), json.loads(body)
    assert alert.rule == document["data"]["essentials"]["alertRule"]
    assert max(len(alert.rule), len(alert.metric)) > 100
