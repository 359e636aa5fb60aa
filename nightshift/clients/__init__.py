"""One place per outside system, implementing ports of the domain over its real SDK. Only wiring imports it."""
