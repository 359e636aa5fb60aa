"""Errors as the Databricks REST API answers them: ``{"error_code": ..., "message": ...}``."""

from starlette.requests import Request
from starlette.responses import JSONResponse


class ApiError(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        error_code: Databricks' word for it, which databricks-sdk maps to an exception class.
        message: names the field, the value and the rule.
        retry_after: seconds for the Retry-After header.
    """

    def __init__(self, status: int, error_code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message
        self.retry_after = retry_after

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse({"error_code": self.error_code, "message": self.message}, self.status, headers)


class InvalidParameterError(ApiError):
    """400 INVALID_PARAMETER_VALUE."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "INVALID_PARAMETER_VALUE", message)


async def answer_api_error(_request: Request, error: Exception) -> JSONResponse:
    """Starlette's handler for ApiError."""
    assert isinstance(error, ApiError)
    return error.response()


async def answer_unknown_endpoint(request: Request, _error: Exception) -> JSONResponse:
    """Starlette's handler for 404 and 405, worded as Databricks words it."""
    message = f"No API found for '{request.method} {request.url.path}'"
    return ApiError(404, "ENDPOINT_NOT_FOUND", message).response()
