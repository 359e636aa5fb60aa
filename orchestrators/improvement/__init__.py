"""Improvement: the loop of planner, executor and critic."""
