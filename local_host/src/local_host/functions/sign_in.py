"""The development sign-in under `/.auth`, at the addresses of App Service authentication."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local_host.functions.authentication import DEVELOPER, RETURN, SIGN_IN, SignInRefusedError, caller
from local_host.functions.principal import AppRoles, LocalPrincipal
from local_host.functions.session import COOKIE, Sessions

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LONGEST_NAME = 100
_LARGEST_FORM = 16 * 1024


class SignInPages:
    """Signs a browser in with a name and roles that are picked, and out."""

    def __init__(self, state: Path, roles: AppRoles) -> None:
        self._roles = roles
        self._sessions = Sessions(state, roles)

    def routes(self) -> list[Route]:
        """`/.auth/login/aad`, `/.auth/logout`, `/.auth/me` and the stylesheet."""
        return [
            Route(SIGN_IN, self._ask, methods=["GET"]),
            Route(SIGN_IN, self._sign_in, methods=["POST"]),
            Route("/.auth/logout", self._sign_out, methods=["GET"]),
            Route("/.auth/me", self._me, methods=["GET"]),
            Route("/.auth/sign_in.css", self._style, methods=["GET"]),
        ]

    async def _ask(self, request: Request) -> Response:
        return self._page(local_path(request.query_params.get(RETURN, "/")))

    async def _sign_in(self, request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return self._page("/", problem="The form must come from this host.", status=403)
        body = await request.body()
        fields = parse_qs(body[:_LARGEST_FORM].decode("utf-8", "replace"))
        target, name = local_path(fields.get(RETURN, ["/"])[0]), fields.get("name", [""])[0].strip()
        roles = tuple(role for role in self._roles.all if role in fields.get("role", []))
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            rule = f"Name: must be printable, and of 1 to {_LONGEST_NAME} characters."
            return self._page(target, problem=rule, status=400)
        response = RedirectResponse(target, status_code=303, headers=_HEADERS)
        value = self._sessions.issue(LocalPrincipal(name, roles))
        response.set_cookie(COOKIE, value, httponly=True, samesite="lax", path="/")
        return response

    async def _sign_out(self, request: Request) -> Response:
        target = local_path(request.query_params.get("post_logout_redirect_uri", SIGN_IN))
        response = RedirectResponse(target, status_code=302, headers=_HEADERS)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
        return response

    async def _me(self, request: Request) -> Response:
        """Who is signed in, in the shape of App Service; an empty list for nobody."""
        try:
            principal = caller(request.headers.items(), self._sessions)
        except SignInRefusedError as error:
            return JSONResponse({"error": str(error)}, status_code=401, headers=_HEADERS)
        if principal is None:
            return JSONResponse([], headers=_HEADERS)
        claims = [{"typ": "roles", "val": role} for role in principal.roles]
        document = {"provider_name": "aad", "user_id": principal.name, "user_claims": claims}
        return JSONResponse([document], headers=_HEADERS)

    async def _style(self, _request: Request) -> Response:
        return Response((_HERE / "sign_in.css").read_bytes(), media_type="text/css", headers=_HEADERS)

    def _page(self, target: str, *, problem: str = "", status: int = 200) -> Response:
        boxes = [_box(role, " checked") for role in self._roles.people] + [
            _box(role, "") for role in self._roles.machines
        ]
        text = Template((_HERE / "sign_in.html").read_text(encoding="utf-8")).substitute(
            target=html.escape(target),
            name=html.escape(DEVELOPER),
            roles="\n".join(boxes),
            problem=f'<p role="alert">{html.escape(problem)}</p>' if problem else "",
        )
        return HTMLResponse(text, status_code=status, headers=_HEADERS)


def local_path(text: str) -> str:
    """A path on this host; whatever might lead elsewhere becomes `/`."""
    plain = text.isascii() and text.isprintable() and "\\" not in text
    parts = urlsplit(text) if plain else None
    if parts is None or parts.scheme or parts.netloc or not text.startswith("/") or text.startswith("//"):
        return "/"
    return text


def _box(role: str, checked: str) -> str:
    name = html.escape(role)
    return f'<label><input type="checkbox" name="role" value="{name}"{checked}> {name}</label>'
