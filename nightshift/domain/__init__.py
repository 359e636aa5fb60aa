"""What Nightshift talks about: messages, names, errors, state tables and ports. No cloud, no I/O."""
