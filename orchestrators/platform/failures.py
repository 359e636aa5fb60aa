"""Why an activity has failed, as a sentence for people."""

_LONGEST = 4_000
# Durable puts the reason first and the details behind it; the Functions worker's reason goes on with its stack.
_ENDS = (" \n ", "\nStack:", "Traceback (most recent call last)")


def reason_of(error: Exception) -> str:
    """What Durable says of a call whose retries are used up, without the stack that it adds."""
    text = str(error)
    for end in _ENDS:
        text = text.partition(end)[0]
    return (text.strip() or type(error).__name__)[:_LONGEST]
