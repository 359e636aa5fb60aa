"""What is wrong with bytes that came, or with values that were to go."""


class DecodeError(ValueError):
    """The bytes are not AMQP 1.0; the message says what was expected and where."""


class EncodeError(TypeError):
    """The value has no AMQP type, or does not fit into it."""
