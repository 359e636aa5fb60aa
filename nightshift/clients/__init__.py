"""One file per outside system, implementing ports of domain over its real SDK. Only wiring imports it."""
