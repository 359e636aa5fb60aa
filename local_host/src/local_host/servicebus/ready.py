"""Asks whether a broker works."""

from __future__ import annotations

import socket

from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.frames import SASL_FRAME, SASL_HEADER, Frame, FrameReader, encode_frame
from local_host.servicebus.amqp.performatives import SaslInit, SaslOutcome


def broker_problem(host: str, port: int, *, seconds: float = 3.0) -> str | None:
    """Connects and says hello, as a client does: None if the broker lets it in, else what is wrong, in a few words."""
    address = f"amqp://{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=seconds) as sock:
            sock.sendall(SASL_HEADER + encode_frame(SaslInit(mechanism="ANONYMOUS"), kind=SASL_FRAME))
            reader = FrameReader()
            while data := sock.recv(4096):
                for item in reader.feed(data):
                    if isinstance(item, Frame) and isinstance(item.performative, SaslOutcome):
                        return None if item.performative.code == 0 else f"{address} refuses anonymous clients"
    except ConnectionRefusedError:
        return f"nobody listens at {address}"
    except OSError as error:
        return f"{address} does not answer ({type(error).__name__})"
    except DecodeError as error:
        return f"{address} does not speak AMQP 1.0 ({error})"
    return f"{address} hung up before the handshake was over"
