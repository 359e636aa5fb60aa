"""The failure that ends a check: what is wrong with the file as a whole."""

from nightshift.domain.uploads.contract import Rule, Violation


class UnreadableFileError(Exception):
    """The file cannot be read as a table; nothing more can be said about it.

    Attributes:
        violation: the broken rule: ``readable``, ``encoding``, ``format`` or ``columns``.
    """

    def __init__(self, rule: Rule, message: str, *, count: int = 1, examples: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.violation = Violation(rule=rule, message=message, count=count, examples=examples)
