"""Which rows a model was trained on, so that it is never judged on them.

A row is the same as a trained one if its key is the same. Where time or key were made up, or a backfill renames rows,
keys are new but the content is not: so a row is the same, too, if features and target are the same, provided that they
identify rows in this dataset. In a series of few values they do not, and only keys count.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nightshift.domain.platform.spec import ModelSpec

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

# More rows than this share repeat another row's content: then content does not identify a row.
_MOST_REPEATED = 0.05
_BYTES = 8


@dataclass(frozen=True)
class TrainedRows:
    """The rows of one training by hash, 8 bytes each: of 10 million rows against 2 million, one in a million runs
    takes one row for another.

    Attributes:
        key_columns, content_columns: what the hashes are of.
        keys, contents: sorted, shape (rows,).
    """

    key_columns: tuple[str, ...]
    content_columns: tuple[str, ...]
    keys: Hashes
    contents: Hashes

    def seen(self, rows: pd.DataFrame, selected: pd.Index) -> Flags | None:
        """Whether each selected row of a dataset was trained on, shape (selected,); None if a column is gone."""
        if not {*self.key_columns, *self.content_columns} <= set(rows.columns):
            return None
        found = np.isin(_hashes(rows.loc[selected], self.key_columns), self.keys)
        contents = _hashes(rows, self.content_columns)
        if 1 - len(np.unique(contents)) / max(1, len(contents)) <= _MOST_REPEATED:
            found |= np.isin(contents[rows.index.get_indexer(selected)], self.contents)
        return found

    def to_bytes(self) -> bytes:
        """As a compressed numpy archive."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            key_columns=np.array(self.key_columns),
            content_columns=np.array(self.content_columns),
            keys=self.keys,
            contents=self.contents,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainedRows":
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: it is no such archive.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                return cls(
                    key_columns=tuple(archive["key_columns"].tolist()),
                    content_columns=tuple(archive["content_columns"].tolist()),
                    keys=archive["keys"].astype(np.uint64),
                    contents=archive["contents"].astype(np.uint64),
                )
        except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            msg = f"no archive of trained rows: {error}"
            raise ValueError(msg) from error


def trained_rows(rows: pd.DataFrame, spec: ModelSpec) -> TrainedRows:
    """Describe the rows of a training; the content is what the model sees of a row, without key and time."""
    key = tuple(spec.contract.key)
    named = dict.fromkeys((*spec.training.features, spec.training.target))
    content = tuple(name for name in named if name not in {*key, spec.training.time_column})
    return TrainedRows(
        key_columns=key,
        content_columns=content,
        keys=np.sort(_hashes(rows, key)),
        contents=np.sort(_hashes(rows, content)),
    )


def _hashes(rows: pd.DataFrame, columns: Sequence[str]) -> Hashes:
    cells = [_exact_texts(rows[column]) for column in columns]
    return np.array(
        [
            int.from_bytes(blake2b("\x1f".join(row).encode(), digest_size=_BYTES).digest())
            for row in zip(*cells, strict=True)
        ],
        dtype=np.uint64,
    )


def _exact_texts(values: "pd.Series[Any]") -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return [str(value) for value in values.astype("int64").tolist()]
    return [str(value) for value in values.tolist()]
