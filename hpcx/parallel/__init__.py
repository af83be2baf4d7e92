"""Communicators and groups, block layouts, redistribution, errors that end on all ranks, stopping, timing."""
