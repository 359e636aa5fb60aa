"""Pure steps of training and scoring: tables and values in, tables and values out."""
