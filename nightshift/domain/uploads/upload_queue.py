"""What a model's queue of uploads says of itself."""

from nightshift.domain.platform.message import Message


class Submission(Message):
    """What became of a submitted upload: the queue instance that must be running for it to be taken."""

    generation: int
    accepted: bool


class QueueState(Message):
    """A model's queue of uploads: busy with a generation, or idle; ``waiting`` uploads are not yet claimed."""

    model: str
    generation: int
    busy: bool
    waiting: int
