"""What the host asks the model registry: an MLflow server, as a Databricks workspace has one inside."""

import httpx

from local_host.databricks.api_error import ApiError, InvalidParameterError


class RegistryUnavailableError(Exception):
    """The registry does not answer, or answers nonsense."""


class Registry:
    """The registry's REST API; close it when the host ends.

    Args:
        url: of the MLflow server; None if the host was started without one, so that nothing can be served.
    """

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(timeout=60.0, trust_env=False)

    @property
    def url(self) -> str:
        """The MLflow server's address; InvalidParameterError if there is none."""
        if self._url is None:
            raise InvalidParameterError(
                "served_entities: this host has no model registry; start it with --registry URL of an MLflow server"
            )
        return self._url

    async def require(self, model: str, version: str) -> None:
        """Check that a version is registered.

        Raises:
            ApiError: 404 if it is not, 503 if the registry does not answer, 400 if there is none.
        """
        try:
            answer = await self._get("/api/2.0/mlflow/model-versions/get", {"name": model, "version": version})
        except RegistryUnavailableError as error:
            raise ApiError(503, "TEMPORARILY_UNAVAILABLE", f"The model registry does not answer: {error}") from error
        if answer.status_code == 404:
            message = f"Version {version} of registered model '{model}' does not exist."
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", message)
        if answer.status_code != 200:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"The model registry refused: {answer.text[:500]}")

    async def fault_of(self, model: str, version: str) -> str | None:
        """Why a version cannot be deployed; None if it can.

        Raises:
            RegistryUnavailableError: nobody can say now.
        """
        answer = await self._get("/model-versions/get-artifact", {"name": model, "version": version, "path": "MLmodel"})
        if answer.status_code == 200:
            return None
        if answer.status_code >= 500:
            raise RegistryUnavailableError(f"HTTP {answer.status_code} for the files of {model} version {version}")
        return f"Version {version} of '{model}' has no MLmodel file in the registry (HTTP {answer.status_code})."

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, path: str, query: dict[str, str]) -> httpx.Response:
        try:
            return await self._client.get(self.url + path, params=query)
        except httpx.HTTPError as error:
            raise RegistryUnavailableError(f"{type(error).__name__}: {error}") from error
