"""Services for a person on their own machine, signed in with the Azure CLI."""

from nightshift.domain.platform.loading import importing
from nightshift.domain.platform.ports import BlobStore
from nightshift.wiring.services import CALL_SECONDS


def signed_in_blobs(endpoint: str) -> BlobStore:
    """The blob storage of a deployed environment, for who has signed in on this machine."""
    with importing("azure-identity"):
        from azure.identity import DefaultAzureCredential
        from azure.storage.blob import BlobServiceClient

        from nightshift.clients.platform.blob_storage import AzureBlobStore
        from nightshift.clients.platform.bounded_identity import BoundedIdentity

    # Nobody is signed in where each of the places that azure-identity looks in says so; that takes it seconds.
    credential = BoundedIdentity(DefaultAzureCredential(), CALL_SECONDS, "sign in with `az login`")
    return AzureBlobStore(BlobServiceClient(endpoint, credential=credential))
