"""Everything behind the addresses of the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.amqp.message import BATCH_FORMAT, parse_message, split_batch
from local_host.servicebus.amqp.performatives import Attach
from local_host.servicebus.amqp.states import Accepted, Outcome
from local_host.servicebus.amqp.values import Described
from local_host.servicebus.authorization import answer_token
from local_host.servicebus.definitions import QueueDefinition
from local_host.servicebus.dispatcher import Dispatcher, QueueSource
from local_host.servicebus.entity import DEAD_LETTER_SUFFIX, Clock, Entity
from local_host.servicebus.limits import check_limits
from local_host.servicebus.management import Management
from local_host.servicebus.message_store import MessageStore
from local_host.servicebus.namespace import Namespace
from local_host.servicebus.nodes import Sink, Source
from local_host.servicebus.requests import RequestNode
from local_host.servicebus.rights import Claims, Grants

_AUTHORIZATION, _MANAGEMENT = "$cbs", "/$management"
_SESSION_FILTER = "com.microsoft:session-filter"


class Broker:
    """Queues, their receivers and their store. Nothing that it was told is durable before `commit`.

    Without grants everybody may do everything.
    """

    def __init__(
        self, definitions: Iterable[QueueDefinition], store: MessageStore, clock: Clock, grants: Grants | None = None
    ) -> None:
        self._store = store
        self._grants = grants
        self._dispatcher = Dispatcher()
        self._namespace = Namespace(definitions, store, clock, self._dispatcher.wake)

    @property
    def queues(self) -> list[str]:
        """The queues' names."""
        return self._namespace.queues

    @property
    def next_moment(self) -> int | None:
        """When time changes something next, in ms since 1970; None: it does not."""
        return self._namespace.next_moment

    def client(self) -> Callable[[], BrokerNodes]:
        """The addresses for each session of one connection, which share what its tokens let it do."""
        claims = Claims(self._grants)
        return lambda: BrokerNodes(self._namespace, self._dispatcher, claims)

    def work(self) -> None:
        """Lets time pass, sends what can be sent and puts all changes on disk."""
        self._namespace.run_due()
        self._dispatcher.run()
        self._store.commit()


class BrokerNodes:
    """Finds what is at an address. Both links of a session to one address that answers requests share their node."""

    def __init__(self, namespace: Namespace, dispatcher: Dispatcher, claims: Claims) -> None:
        self._namespace = namespace
        self._dispatcher = dispatcher
        self._claims = claims
        self._request_nodes: dict[str, RequestNode] = {}

    def sink(self, address: str) -> Sink:
        """Where a client sends to. AmqpError if there is nothing, or nothing that takes messages."""
        path = _path(address)
        node = self._request_node(path)
        if node is not None:
            return node
        entity = self._namespace.entity(path)
        if entity.address.endswith(DEAD_LETTER_SUFFIX):
            raise AmqpError("amqp:not-allowed", f"{path!r}: nothing can be sent to a dead-letter queue")
        self._claims.require(entity.queue, "Send")
        return QueueSink(entity, self._namespace)

    def source(self, address: str, attach: Attach) -> Source:
        """Where a client receives from. AmqpError if there is nothing, or the link asks for sessions."""
        path = _path(address)
        node = self._request_node(path)
        if node is not None:
            return node
        entity = self._namespace.entity(path)
        if _asks_for_session(attach):
            raise AmqpError("amqp:not-implemented", f"{path!r}: the local broker has no message sessions")
        self._claims.require(entity.queue, "Listen")
        return QueueSource(entity, self._dispatcher)

    def _request_node(self, path: str) -> RequestNode | None:
        name = path.casefold()
        if name not in self._request_nodes:
            if name == _AUTHORIZATION:
                self._request_nodes[name] = RequestNode(lambda request: answer_token(request, self._claims))
            elif name.endswith(_MANAGEMENT):
                entity = self._namespace.entity(path[: -len(_MANAGEMENT)])
                self._request_nodes[name] = RequestNode(Management(entity, self._claims).answer)
        return self._request_nodes.get(name)


class QueueSink:
    """Takes messages for a queue."""

    def __init__(self, entity: Entity, namespace: Namespace) -> None:
        self._entity = entity
        self._namespace = namespace

    def take(self, message: bytes, message_format: int) -> Outcome:
        """Enqueues a message, or all of a batch. DecodeError or AmqpError: none of them."""
        encoded = split_batch(message) if message_format == BATCH_FORMAT else [message]
        messages = [parse_message(item) for item in encoded]
        for message_sent in messages:
            check_limits(message_sent)
        for message_sent in messages:
            self._namespace.send(self._entity, message_sent)
        return Accepted()


def _path(address: str) -> str:
    """The path of an address that may begin with scheme and host."""
    path = urlsplit(address).path if "://" in address else address
    return path.strip("/")


def _asks_for_session(attach: Attach) -> bool:
    fields = attach.source.value if isinstance(attach.source, Described) else []
    filters = fields[7] if isinstance(fields, list) and len(fields) > 7 else None
    return isinstance(filters, dict) and any(str(name) == _SESSION_FILTER for name in filters)
