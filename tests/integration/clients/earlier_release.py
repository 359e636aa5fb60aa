"""Tables as releases without index rows left them: those rows and the properties that name them are taken away."""

from azure.data.tables import TableServiceClient, UpdateMode

_INDEX_ROWS = {
    "incidents": ("open-", "symptom-", "lease-", "unfinished-", "of-", "indexed"),
    "ledger": ("run-", "kind-"),
    "uploads": ("order-", "claim-"),
}
_PROPERTIES = ("Index", "Unindexed", "From", "BegunClaim")


def as_before(service: TableServiceClient, table: str, model: str) -> None:
    """Make a model's rows of a table those of a release that knew no index."""
    client = service.get_table_client(table)
    for entity in list(client.query_entities("PartitionKey eq @model", parameters={"model": model})):
        if entity["RowKey"].startswith(_INDEX_ROWS[table]):
            client.delete_entity(entity)
        elif any(name in entity for name in _PROPERTIES):
            kept = {name: value for name, value in entity.items() if name not in _PROPERTIES}
            client.update_entity(kept, mode=UpdateMode.REPLACE)


def forget_place(service: TableServiceClient, incident_id: str) -> None:
    """Take away where an incident is found by its id."""
    service.get_table_client("incidentids").delete_entity(incident_id[:2], incident_id)


def index_rows(service: TableServiceClient, table: str, model: str) -> set[str]:
    """The keys of a model's index rows, without the mark and the rows of alerts."""
    rows = service.get_table_client(table).query_entities("PartitionKey eq @model", parameters={"model": model})
    keys = {row["RowKey"] for row in rows if row["RowKey"].startswith(_INDEX_ROWS[table])}
    return {key for key in keys if not key.startswith(("indexed", "of-"))}
