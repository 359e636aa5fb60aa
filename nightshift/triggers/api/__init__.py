"""The HTTP API as a whole: what it offers, who may, and the document that says so."""
