"""AMQP 1.0 on the wire: values, performatives, frames and messages. Knows no queue and no socket."""
