"""What the benchmark file holds and what every contender checks: names, types, null fractions, ranges, row count."""

SEED = 7
ROWS = 5_000_000
FLOATS = tuple(f"reading_{index}" for index in range(8))  # number, 2 % empty, 0 to 1000
INTEGERS = tuple(f"count_{index}" for index in range(5))  # integer, 1 % empty, 0 to 9999
STRINGS = tuple(f"category_{index}" for index in range(3))
COLUMNS = ("row_id", "read_at", "read_on", "is_valid", *FLOATS, *INTEGERS, *STRINGS)
MAX_NULL_FRACTION = 0.05
FLOAT_RANGE = (0.0, 1000.5)
INTEGER_RANGE = (0, 9_999)
