"""Mitigations: one file each, with how it is carried out, finished and taken back; `handlers` finds them."""
