"""The principal of a request."""

import azure.functions as func

from nightshift.domain.platform.principal import Principal, Role, read_principal


def require_role(request: func.HttpRequest, *roles: Role) -> Principal:
    """The caller, who has at least one of the roles.

    Raises:
        SignInNotEnforcedError: no sign-in stands before the app.
        NotSignedInError: nobody has signed in.
        NotAllowedError: the caller has none of the roles.
    """
    return read_principal(request.headers).require(*roles)
