"""A model serving endpoint as the responder sees it."""

from nightshift.domain.platform.message import Message


class EndpointState(Message):
    """What an endpoint serves.

    Attributes:
        model, version: of the entity that serves now; None before the first.
        pending_version: that an update under way brings; None if none is under way.
        ready: it takes requests.
        updating, failed: state of the last update of its configuration.
    """

    endpoint: str
    model: str | None
    version: str | None
    pending_version: str | None = None
    ready: bool
    updating: bool
    failed: bool
