"""The queues in Azure are those of the local broker and of the app."""

import re

from local_host.servicebus.definitions import QueueDefinition, read_definitions
from nightshift.domain.response.alert import QUEUES
from tests.unit.terraform.hcl import TERRAFORM, block, keys, sources

FILE = TERRAFORM / "service_bus_queues.yml"


def test_terraform_reads_the_brokers_file() -> None:
    """One definition, two readers."""
    assert 'yamldecode(file("${path.module}/service_bus_queues.yml")).queues' in sources(TERRAFORM)


def test_every_category_of_alerts_has_a_queue() -> None:
    """An alert without a queue could not be sent."""
    assert set(QUEUES.values()) <= {queue.name for queue in read_definitions(FILE)}


def test_the_module_takes_every_field_of_a_definition() -> None:
    """A field that only the broker knew would make the two differ."""
    variables = sources(TERRAFORM / "modules" / "messaging")
    fields = keys(block(variables[variables.index('variable "queues"') :], "object({"))
    assert sorted(fields) == sorted(QueueDefinition.model_fields)


def test_defaults_are_the_brokers() -> None:
    """What a definition leaves out is the same in both."""
    variables = sources(TERRAFORM / "modules" / "messaging")
    defaults = dict(re.findall(r"(\w+)\s*= optional\(\w+, \"?([\w]+)\"?\)", variables))
    assert defaults == {
        "lock_duration": "PT1M",
        "max_delivery_count": str(QueueDefinition.model_fields["max_delivery_count"].default),
        "dead_lettering_on_expiration": "false",
    }
    assert QueueDefinition.model_fields["lock_duration"].default.total_seconds() == 60


def test_the_plan_is_asked_for_every_queue() -> None:
    """tests/environments.tftest.hcl names each queue of the file."""
    test = (TERRAFORM / "tests" / "environments.tftest.hcl").read_text(encoding="utf-8")
    for queue in read_definitions(FILE):
        assert f'"{queue.name}"' in test
