"""The HTTP status of each named failure: the API and the pages answer alike."""

from nightshift.domain.platform.errors import NightshiftError

_STATUS = {
    "unknown_model": 404,
    "not_found": 404,
    "ledger_broken": 500,
    "unreadable_entry": 500,
    "internal_error": 500,
    "transition": 409,
    "conflict": 409,
    "move_fenced": 409,
    "champion_moved": 409,
    "move_called_off": 409,
    "too_large": 413,
    "too_many_decisions": 429,
    "not_signed_in": 401,
    "not_allowed": 403,
    "sign_in_not_enforced": 403,
    "service_refused": 502,
    "misconfigured": 503,
}


def status_of(error: NightshiftError) -> int:
    """The status that says whose turn it is: 4xx the caller's, 5xx ours."""
    return _STATUS.get(error.code, 503 if error.retryable else 400)
