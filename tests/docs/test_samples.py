"""Every JSON and YAML sample of a page is taken by the product's own parser."""

import pytest

from tests.docs.markdown import Block, blocks, pages
from tests.docs.samples import PARSERS

SAMPLES = [block for page in pages() for block in blocks(page) if block.language in {"json", "yaml"}]
# Something that each parser must refuse, put into its sample.
SPOILT = {
    "alert": ('"fired', '"fied'),
    "problem": ('"status"', '"stat"'),
    "decision": ('"approve"', '"perhaps"'),
    "spec": (":", "_misspelt:"),
    "event": ("Nightshift.Run.", "Nightshift.Walk."),
}


def _kind(block: Block) -> str:
    assert block.marker.startswith("sample "), f"{block.place} names no parser"
    return block.marker.removeprefix("sample ")


@pytest.mark.parametrize("block", SAMPLES, ids=lambda block: block.place)
def test_the_product_takes_the_sample(block: Block) -> None:
    """What a reader copies works."""
    PARSERS[_kind(block)](block.text)


def test_each_parser_is_used() -> None:
    """A kind without a sample would be a page without its example."""
    assert {_kind(block) for block in SAMPLES} == set(PARSERS)


@pytest.mark.parametrize("kind", PARSERS)
def test_a_spoilt_sample_is_refused(kind: str) -> None:
    """A parser that takes anything would hold nothing."""
    text = [block.text for block in SAMPLES if _kind(block) == kind][-1]
    spoilt = text.replace(*SPOILT[kind], 1)
    assert spoilt != text
    with pytest.raises((ValueError, KeyError)):
        PARSERS[kind](spoilt)
