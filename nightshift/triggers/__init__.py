"""What comes from outside: requests, messages, events and timers are read, and something is started or signalled."""
