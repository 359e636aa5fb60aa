"""What brings about a change of the champion alias.

A change that an earlier release recorded has no kind. It is read out of the key of its order, here and nowhere else:

| key of the order | kind |
|---|---|
| ``outside`` | outside |
| ``{run}:decision:{round}`` | promotion |
| ``{run}:withdrawal`` | withdrawal |
| ``review:{id}:decision`` | review |
| ``review:{id}:decision:undo`` | withdrawal |
| ``rollback:{model}:{version}``, and that with a time behind it | rollback |
| ``undo:{incident}:{mitigation}`` | undo |
"""

from typing import Literal

from nightshift.domain.ledger.keys import is_withdrawal

AliasChangeKind = Literal["promotion", "review", "rollback", "undo", "withdrawal", "outside"]
# The ``decided_by`` of a change of the alias that was made outside Nightshift and found afterwards.
OUTSIDE = "outside"


def kind_of_order(key: str) -> AliasChangeKind:
    """The kind of the move that the order with this key brought about; a promotion if the key is none of the table."""
    if key == OUTSIDE:
        return "outside"
    if is_withdrawal(key) or (key.startswith("review:") and key.endswith(":undo")):
        return "withdrawal"
    kinds: dict[str, AliasChangeKind] = {"undo:": "undo", "rollback:": "rollback", "review:": "review"}
    return next((kind for start, kind in kinds.items() if key.startswith(start)), "promotion")
