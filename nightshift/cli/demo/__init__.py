"""The demo: the story of the lifecycle, told live on a real stack and checked step by step."""
