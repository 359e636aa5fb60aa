"""Our check of a Parquet file by reading every column, as if its statistics were not to be believed."""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validation.measure import main
from benchmarks.validation.ours import load

if __name__ == "__main__":
    main("validation_scan", partial(load, use_statistics=False))
