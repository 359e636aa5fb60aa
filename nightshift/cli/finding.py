"""What the doctor says about one part, of the local stack or of a deployed environment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`detail` is what was seen; `advice` is what to do, empty if all is well."""

    component: str
    ok: bool
    detail: str
    advice: str = ""
