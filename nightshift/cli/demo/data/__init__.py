"""Data for the demo and the tests: real where it is at hand, else generated; every source says which it is."""

from typing import Literal

Choice = Literal["auto", "real", "synthetic"]
