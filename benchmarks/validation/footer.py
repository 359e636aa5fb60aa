"""Our check of a Parquet file whose footer settles every rule."""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validation.measure import main
from benchmarks.validation.ours import load

if __name__ == "__main__":
    main("validation_footer", partial(load, use_statistics=True))
