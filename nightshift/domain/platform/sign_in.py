"""Whether a sign-in stands before the app: only then may a request's principal be believed."""

from collections.abc import Mapping

from nightshift.domain.platform.errors import NightshiftError

VARIABLE = "WEBSITE_AUTH_ENABLED"
NOT_ENFORCED = f"{VARIABLE} is not true: App Service authentication is off, so nobody's roles are believed"


class SignInNotEnforcedError(NightshiftError):
    """No sign-in stands before the app, so a principal may be anybody's word."""

    code = "sign_in_not_enforced"

    def __init__(self) -> None:
        super().__init__(NOT_ENFORCED)


def is_enforced(environ: Mapping[str, str]) -> bool:
    """Whether the platform says that its authentication is on.

    App Service and the Functions host write the variable; the local host does so for the sign-in that it plays. It is
    read as the Functions host reads it: ``true`` in any case, or a number other than 0.
    Sources: learn.microsoft.com/azure/app-service/reference-app-settings, "Authentication & Authorization";
    azure-functions-host, HostEasyAuthOptionsSetup.
    """
    value = environ.get(VARIABLE, "").strip()
    return value.lower() == "true" or (value.isascii() and value.isdigit() and value.strip("0") != "")
